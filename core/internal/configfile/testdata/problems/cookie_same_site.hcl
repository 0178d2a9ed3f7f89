auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  cookie {
    same_site = "relaxed"
  }
}

database "sqlite" {
}
----------
Error: Invalid value for "cookie.same_site"

  on auth.hcl line 11, column 5, in session "own":
  11:     same_site = "relaxed"

Must be "lax", "strict" or "none".
