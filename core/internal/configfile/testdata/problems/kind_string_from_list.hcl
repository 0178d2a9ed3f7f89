auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = ["6f0a5a3e"]
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "api_key_id"

  on auth.hcl line 6, column 16, in provider "cotter":
   6:   api_key_id = ["6f0a5a3e"]

Must be one string, in quotes.
