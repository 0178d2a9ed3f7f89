auth {
  base_url = "https://api.example.com"
}

provider "oidc" {
  issuer   = "https://id.example.com"
  audience = ["web"]
  keys {
    max_age   = "2h"
    max_stale = "1h"
  }
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "keys.max_stale"

  on auth.hcl line 10, column 5, in provider "oidc":
  10:     max_stale = "1h"

Is "1h", and must be at least max_age, which is "2h".
