auth {
  base_url = "http://localhost:8080"
  mode     = "development"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  cookie {
    name = "__Host-session"
  }
}

database "sqlite" {
}
----------
Error: Invalid value for "cookie.name"

  on auth.hcl line 12, column 5, in session "own":
  12:     name = "__Host-session"

Browsers accept a cookie with this name over https only, and base_url is http:
leave the name out.
