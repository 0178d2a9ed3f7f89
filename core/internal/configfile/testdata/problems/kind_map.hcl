auth {
  base_url = "https://api.example.com"
}

provider "oidc" {
  issuer          = "https://accounts.example.com"
  audience        = ["a"]
  required_claims = ["hd"]
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "required_claims"

  on auth.hcl line 8, column 21, in provider "oidc":
   8:   required_claims = ["hd"]

Must be strings with names, such as { a = "b" }.
