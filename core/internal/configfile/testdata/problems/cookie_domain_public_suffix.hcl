auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  cookie {
    name   = "__Secure-session"
    domain = "com"
  }
}

database "sqlite" {
}
----------
Error: Invalid value for "cookie.domain"

  on auth.hcl line 12, column 5, in session "own":
  12:     domain = "com"

Must not be a public suffix, below which every organization can have a host:
browsers reject such a cookie.
