auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database {
}
----------
Error: Missing type for database

  on auth.hcl line 12, column 10, in database:
  12: database {

Write database "TYPE", such as database "sqlite".
