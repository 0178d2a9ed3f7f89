auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid block definition

  on auth.hcl line 6, column 24, in provider "cotter":
   6:   api_key_id "6f0a5a3e"

A block definition must have block content delimited by "{" and "}", starting
on the same line as the block header.
