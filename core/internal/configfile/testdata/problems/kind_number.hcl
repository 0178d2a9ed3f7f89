auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  max_per_user = "many"
}

database "sqlite" {
}
----------
Error: Invalid value for "max_per_user"

  on auth.hcl line 10, column 18, in session "own":
  10:   max_per_user = "many"

Must be a whole number.
