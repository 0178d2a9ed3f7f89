auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "jwt" {
}

database "sqlite" {
}
----------
Error: Unknown session type

  on auth.hcl line 9, column 9, in session "jwt":
   9: session "jwt" {

There is no session "jwt". Known are: own, provider_token.
