auth "main" {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Extraneous label for auth

  on auth.hcl line 1, column 6, in auth "main":
   1: auth "main" {

No labels are expected for auth blocks.
