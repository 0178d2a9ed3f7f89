auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  max_per_user = -1
}

database "sqlite" {
}
----------
Error: Invalid value for "max_per_user"

  on auth.hcl line 10, column 3, in session "own":
  10:   max_per_user = -1

Must be at least 1.
