auth {
  base_url          = "https://api.example.com"
  request_id_header = "Authorization"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "request_id_header"

  on auth.hcl line 3, column 3, in auth:
   3:   request_id_header = "Authorization"

Must be the name of a header field that contains no credential, such as
"X-Request-Id".
