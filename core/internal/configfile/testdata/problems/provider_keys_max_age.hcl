auth {
  base_url = "https://api.example.com"
}

provider "oidc" {
  issuer   = "https://id.example.com"
  audience = ["web"]
  keys {
    max_age = "0s"
  }
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "keys.max_age"

  on auth.hcl line 9, column 5, in provider "oidc":
   9:     max_age = "0s"

Must be at least "1s".
