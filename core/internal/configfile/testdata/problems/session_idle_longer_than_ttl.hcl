auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  ttl      = "1d"
  idle_ttl = "2d"
}

database "sqlite" {
}
----------
Error: Invalid value for "idle_ttl"

  on auth.hcl line 11, column 3, in session "own":
  11:   idle_ttl = "2d"

Must not be longer than ttl, which is "1d".
