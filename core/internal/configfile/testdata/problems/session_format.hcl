auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  format = "paseto"
}

database "sqlite" {
}
----------
Error: Invalid value for "format"

  on auth.hcl line 10, column 3, in session "own":
  10:   format = "paseto"

Must be "opaque" or "jwt".
