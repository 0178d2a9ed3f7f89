auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqllite" {
}
----------
Error: Unknown database type

  on auth.hcl line 12, column 10, in database "sqllite":
  12: database "sqllite" {

There is no database "sqllite". Did you mean "sqlite"?
