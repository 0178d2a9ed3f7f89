auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
  migrate = "yes"
}
----------
Error: Invalid value for "migrate"

  on auth.hcl line 13, column 3, in database "sqlite":
  13:   migrate = "yes"

Must be "check", "apply" or "off".
