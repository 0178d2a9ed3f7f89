auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  refresh_grace = "61s"
}

database "sqlite" {
}
----------
Error: Invalid value for "refresh_grace"

  on auth.hcl line 10, column 3, in session "own":
  10:   refresh_grace = "61s"

Must be at most "1m".
