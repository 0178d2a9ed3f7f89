auth {
  base_url = "https://api.example.com"
}

provider "oidc" {
  issuer   = "https://id.example.com"
  audience = ["web"]
  keys {
    max_age = "2d"
  }
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "keys.max_stale"

  on auth.hcl line 8, column 3, in provider "oidc":
   8:   keys {

Is "1d", and must be at least max_age, which is "2d".
