auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  ttl = "0s"
}

database "sqlite" {
}
----------
Error: Invalid value for "ttl"

  on auth.hcl line 10, column 3, in session "own":
  10:   ttl = "0s"

Must be between "1s" and "400d", the longest time that browsers store a
cookie.
