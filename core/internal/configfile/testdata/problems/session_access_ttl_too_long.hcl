auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  access_ttl = "16m"
}

database "sqlite" {
}
----------
Error: Invalid value for "access_ttl"

  on auth.hcl line 10, column 3, in session "own":
  10:   access_ttl = "16m"

Must be between "1s" and "15m": that long a revoked session may still be
recognized.
