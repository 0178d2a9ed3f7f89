auth {
  base_url = "https://api.example.com"
}

provider "oidc" {
  issuer   = "https://accounts.example.com"
  audience = []
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "audience"

  on auth.hcl line 7, column 3, in provider "oidc":
   7:   audience = []

Must list at least one client.
