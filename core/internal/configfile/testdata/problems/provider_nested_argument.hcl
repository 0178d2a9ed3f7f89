auth {
  base_url = "https://api.example.com"
}

provider "oidc" {
  issuer   = "https://accounts.example.com"
  audience = ["a"]
  claims {
    subject = "/"
  }
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "claims.subject"

  on auth.hcl line 9, column 5, in provider "oidc":
   9:     subject = "/"

Must name a claim.
