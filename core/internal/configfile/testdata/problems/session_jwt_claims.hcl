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
Warning: Server keys are not encrypted

  on auth.hcl line 9, column 1, in session "own":
   9: session "own" {

Anyone who can read the database or a backup could sign tokens of any user:
set key_secret = env("NAME"), 32 random bytes in base64url.

Error: Invalid value for "claims"

  on auth.hcl line 11, column 3, in session "own":
  11:   claims = ["role", "client_id"]

Must not list "client_id": a token of format "jwt" has this claim with another
meaning.
