auth {
  base_url = "https://api.example.com"
}

auth {
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
Error: Duplicate auth block

  on auth.hcl line 5, column 1, in auth:
   5: auth {

There is another block auth on line 1. Remove one of them.
