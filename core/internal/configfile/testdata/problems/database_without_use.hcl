auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "provider_token" {
  user = "none"
}

database "sqlite" {
}
----------
Error: Unused database block

  on auth.hcl line 13, column 1, in database "sqlite":
  13: database "sqlite" {

Session "provider_token" with user = "none" stores nothing: remove this block,
or that argument.
