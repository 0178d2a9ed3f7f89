auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "provider_token" {
  cache_ttl = "60"
}

database "sqlite" {
}
----------
Error: Invalid value for "cache_ttl"

  on auth.hcl line 10, column 15, in session "provider_token":
  10:   cache_ttl = "60"

"60" is not a duration: write a number and a unit, such as "90s", "15m", "12h"
or "30d".
