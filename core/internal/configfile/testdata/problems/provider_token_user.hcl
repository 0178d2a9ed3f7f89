auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "provider_token" {
  user = "optional"
}

database "sqlite" {
}
----------
Error: Invalid value for "user"

  on auth.hcl line 10, column 3, in session "provider_token":
  10:   user = "optional"

Must be "required" or "none".
