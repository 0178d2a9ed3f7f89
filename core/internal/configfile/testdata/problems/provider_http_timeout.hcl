auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
  http {
    timeout = "0s"
  }
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "http.timeout"

  on auth.hcl line 8, column 5, in provider "cotter":
   8:     timeout = "0s"

Must be more than "0s" and at most "30s".
