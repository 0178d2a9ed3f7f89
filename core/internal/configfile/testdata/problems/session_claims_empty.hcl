auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  claims = ["role", ""]
}

database "sqlite" {
}
----------
Error: Invalid value for "claims"

  on auth.hcl line 10, column 3, in session "own":
  10:   claims = ["role", ""]

No token can have this claim: "" is empty.
