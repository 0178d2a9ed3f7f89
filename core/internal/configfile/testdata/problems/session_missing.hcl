auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

database "sqlite" {
}
----------
Error: Missing session block

  on auth.hcl line 1, column 1:
   1: auth {

Add session "own" {} for sessions of the kit, or session "provider_token" {}
to accept the provider's token at each request, or both.
