auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

databse "sqlite" {
}
----------
Error: Missing database block

  on auth.hcl line 9, column 1, in session "own":
   9: session "own" {

Sessions are kept in a database: add a block such as database "sqlite" {}.

Error: Unsupported block type

  on auth.hcl line 12, column 1, in databse "sqlite":
  12: databse "sqlite" {

Blocks of type "databse" are not expected here. Did you mean "database"?
