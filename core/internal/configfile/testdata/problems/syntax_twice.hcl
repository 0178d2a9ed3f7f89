auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Attribute redefined

  on auth.hcl line 7, column 3, in provider "cotter":
   7:   api_key_id = "6f0a5a3e"

The argument "api_key_id" was already set at auth.hcl:6,3-13. Each argument
may be set only once.
