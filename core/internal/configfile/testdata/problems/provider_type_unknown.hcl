auth {
  base_url = "https://api.example.com"
}

provider "saml" "work" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Unknown provider type

  on auth.hcl line 5, column 10, in provider "saml" "work":
   5: provider "saml" "work" {

There is no provider "saml". Known are: cotter, emulator, oidc.
