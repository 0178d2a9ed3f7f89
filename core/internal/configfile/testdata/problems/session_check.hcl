auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  check = "redis"
}

database "sqlite" {
}
----------
Error: Invalid value for "check"

  on auth.hcl line 10, column 3, in session "own":
  10:   check = "redis"

Must be "none" or "database".
