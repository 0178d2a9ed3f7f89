provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Missing auth block

  on auth.hcl line 1, column 1:
   1: provider "cotter" {

Add a block auth with the argument base_url, the origin of the application,
such as "https://api.example.com".
