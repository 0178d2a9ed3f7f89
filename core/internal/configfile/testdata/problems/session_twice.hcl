auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

session "own" {
}

database "sqlite" {
}
----------
Error: Duplicate session block

  on auth.hcl line 12, column 1, in session "own":
  12: session "own" {

There is another block session on line 9. Remove one of them.
