auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  format = "jwt"
  claims = ["role", "client_id"]
}

database "sqlite" {
}
----------
Error: Invalid value for "claims"

  on auth.hcl line 11, column 3, in session "own":
  11:   claims = ["role", "client_id"]

Must not list "client_id": a token of format "jwt" has this claim with another
meaning.
