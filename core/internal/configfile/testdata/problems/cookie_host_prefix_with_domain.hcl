auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  cookie {
    domain = "example.com"
  }
}

database "sqlite" {
}
----------
Error: Invalid value for "cookie.domain"

  on auth.hcl line 11, column 5, in session "own":
  11:     domain = "example.com"

A cookie whose name begins with "__Host-" belongs to one host: leave the
domain out, or choose another name, such as "__Secure-session".
