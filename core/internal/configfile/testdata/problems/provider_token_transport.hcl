auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "provider_token" {
  transport = ["header"]
}

database "sqlite" {
}
----------
Error: Invalid value for "transport"

  on auth.hcl line 10, column 3, in session "provider_token":
  10:   transport = ["header"]

"header" is not a transport: use "cookie", "bearer" or both.
