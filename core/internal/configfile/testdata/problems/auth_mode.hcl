auth {
  base_url = "https://api.example.com"
  mode = "developmnt"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "mode"

  on auth.hcl line 3, column 3, in auth:
   3:   mode = "developmnt"

Must be "production" or "development".
