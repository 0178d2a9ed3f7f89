auth {
  base_url = "https://api.example.com"
}

provider "oidc" {
  issuer   = "https://id.example.com"
  audience = ["web"]
  keys {
    max_stale = "8d"
  }
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "keys.max_stale"

  on auth.hcl line 9, column 5, in provider "oidc":
   9:     max_stale = "8d"

Must be at most "7d".
