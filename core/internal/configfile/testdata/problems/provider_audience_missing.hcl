auth {
  base_url = "https://api.example.com"
}

provider "oidc" {
  issuer = "https://accounts.example.com"
  audiance = "x"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Unsupported argument

  on auth.hcl line 7, column 3, in provider "oidc":
   7:   audiance = "x"

An argument named "audiance" is not expected here. Did you mean "audience"?
