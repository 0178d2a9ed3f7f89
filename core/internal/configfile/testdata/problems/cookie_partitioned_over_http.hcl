auth {
  base_url = "http://localhost:8080"
  mode     = "development"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  cookie {
    partitioned = true
  }
}

database "sqlite" {
}
----------
Error: Invalid value for "cookie.partitioned"

  on auth.hcl line 12, column 5, in session "own":
  12:     partitioned = true

Browsers accept a partitioned cookie over https only, and base_url is http:
leave it out.
