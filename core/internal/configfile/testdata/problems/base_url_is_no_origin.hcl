auth {
  base_url = "api.example.com"
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
   2:   base_url = "api.example.com"

Must be an origin, such as "https://api.example.com": scheme, host, and the
port if it is not the default.
