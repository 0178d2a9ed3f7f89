auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

session "provider_token" {
}

database "sqlite" {
}
----------
Error: Second session block

  on auth.hcl line 12, column 1, in session "provider_token":
  12: session "provider_token" {

The block session is on line 9 already. Remove one of them.
