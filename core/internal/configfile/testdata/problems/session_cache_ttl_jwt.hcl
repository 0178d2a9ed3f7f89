auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  format     = "jwt"
  key_secret = env("KEY_SECRET", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")
  cache_ttl  = "1m"
}

database "sqlite" {
}
----------
Error: Invalid value for "cache_ttl"

  on auth.hcl line 12, column 3, in session "own":
  12:   cache_ttl  = "1m"

Must be "0s" with format "jwt", whose access tokens are valid for access_ttl
without the database if check = "none".
