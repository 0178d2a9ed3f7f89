auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

users {
  create = "sometimes"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "create"

  on auth.hcl line 10, column 12, in users:
  10:   create = "sometimes"

Must be true or false.
