auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  claims = ["role", null]
}

database "sqlite" {
}
----------
Error: Invalid value for "claims"

  on auth.hcl line 10, column 12, in session "own":
  10:   claims = ["role", null]

Must be a list of strings, such as ["a", "b"].
