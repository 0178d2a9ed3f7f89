auth {
  base_url = "http://localhost:8080"
  mode     = "development"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  cookie {
    same_site = "none"
  }
}

database "sqlite" {
}
----------
Error: Invalid value for "cookie.same_site"

  on auth.hcl line 12, column 5, in session "own":
  12:     same_site = "none"

Browsers accept "none" over https only, and base_url is http: use "lax" or
"strict".
