auth {
  base_url = "http://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "base_url"

  on auth.hcl line 2, column 3, in auth:
   2:   base_url = "http://api.example.com"

Must begin with "https://"; only mode = "development" allows http.
