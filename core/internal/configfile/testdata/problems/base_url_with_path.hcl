auth {
  base_url = "https://api.example.com/v1/"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "base_url"

  on auth.hcl line 2, column 3, in auth:
   2:   base_url = "https://api.example.com/v1/"

Must be an origin without anything else: write "https://api.example.com".
