auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  cookie {
    name   = "__Secure-session"
    domain = "example.org"
  }
}

database "sqlite" {
}
----------
Error: Invalid value for "cookie.domain"

  on auth.hcl line 12, column 5, in session "own":
  12:     domain = "example.org"

Must be the host of base_url, "api.example.com", or a domain above it, without
a dot in front.
