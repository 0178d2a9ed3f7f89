auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  format = "jwt"
}

database "sqlite" {
}
----------
Error: Unsupported argument

  on auth.hcl line 10, column 3, in session "own":
  10:   format = "jwt"

An argument named "format" is not expected here. This block has claims,
cookie, idle_ttl, key_secret, max_per_user, transport, ttl.
