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
Error: Duplicate session block

  on auth.hcl line 12, column 1, in session "provider_token":
  12: session "provider_token" {

There is another block session on line 9. Remove one of them.
