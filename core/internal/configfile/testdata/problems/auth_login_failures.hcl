auth {
  base_url = "https://api.example.com"
  login_failures = -1
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "login_failures"

  on auth.hcl line 3, column 3, in auth:
   3:   login_failures = -1

Must not be negative; 0 is no limit.
