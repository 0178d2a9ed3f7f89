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
Error: Missing required argument

  on auth.hcl line 5, column 1, in provider "oidc":
   5: provider "oidc" {

The argument "audience" is required: whom tokens must be for.

Error: Unsupported argument

  on auth.hcl line 7, column 3, in provider "oidc":
   7:   audiance = "x"

An argument named "audiance" is not expected here. Did you mean "audience"?
