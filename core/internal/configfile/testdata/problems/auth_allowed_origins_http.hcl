auth {
  base_url = "https://api.example.com"
  allowed_origins = ["http://app.example.com"]
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "allowed_origins"

  on auth.hcl line 3, column 3, in auth:
   3:   allowed_origins = ["http://app.example.com"]

"http://app.example.com" must begin with "https://"; only mode = "development"
allows http.
