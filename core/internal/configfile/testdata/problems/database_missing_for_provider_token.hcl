auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "provider_token" {
}
----------
Error: Missing database block

  on auth.hcl line 9, column 1, in session "provider_token":
   9: session "provider_token" {

Users are stored in a database: add a block such as database "sqlite" {}, or
set user = "none" to store no users.
