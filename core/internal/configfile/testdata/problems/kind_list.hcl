auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  transport = "cookie"
}

database "sqlite" {
}
----------
Error: Invalid value for "transport"

  on auth.hcl line 10, column 15, in session "own":
  10:   transport = "cookie"

Must be a list of strings, such as ["a", "b"].
