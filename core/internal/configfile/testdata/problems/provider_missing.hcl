auth {
  base_url = "https://api.example.com"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Missing provider block

  on auth.hcl line 1, column 1:
   1: auth {

No user could sign in: add a block such as provider "cotter".
