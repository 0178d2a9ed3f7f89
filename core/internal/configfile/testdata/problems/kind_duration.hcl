auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  ttl = 30
}

database "sqlite" {
}
----------
Error: Invalid value for "ttl"

  on auth.hcl line 10, column 9, in session "own":
  10:   ttl = 30

"30" is not a duration: write a number and a unit, such as "90s", "15m", "12h"
or "30d".
