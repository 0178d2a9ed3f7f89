auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "postgres" {
  url = ["hunter2"]
}
----------
Error: Invalid value for "url"

  on auth.hcl line 13, column 9, in database "postgres":
  13:   url = ["•••"]

Must be one string, in quotes.
