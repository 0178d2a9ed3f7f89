auth {
  base_url = "https://api.example.com"
}

provider "oidc" {
  issuer   = "https://accounts.example.com"
  audience = ["a"]
  claims {
    subject = ""
  }
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "subject"

  on auth.hcl line 9, column 15, in provider "oidc":
   9:     subject = ""

Must not be empty: leave it out for the default, "/sub".
