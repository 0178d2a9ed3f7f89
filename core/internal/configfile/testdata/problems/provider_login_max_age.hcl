auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
  login_max_age = "-5m"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "login_max_age"

  on auth.hcl line 7, column 19, in provider "cotter":
   7:   login_max_age = "-5m"

"-5m" is negative: a duration is zero or more.
