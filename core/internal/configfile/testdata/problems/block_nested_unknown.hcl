auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  store "redis" {
  }
}

database "sqlite" {
}
----------
Error: Unsupported block type

  on auth.hcl line 10, column 3, in session "own":
  10:   store "redis" {

Blocks of type "store" are not expected here. This block has access_ttl,
cache_ttl, check, claims, cookie, format, idle_ttl, key_secret, max_per_user,
refresh_grace, transport, ttl.
