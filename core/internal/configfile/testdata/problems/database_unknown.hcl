auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "oracle" {
}
----------
Error: Unknown database type

  on auth.hcl line 12, column 10, in database "oracle":
  12: database "oracle" {

There is no database "oracle". Known are: postgres, sqlite.
