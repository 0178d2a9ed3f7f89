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
Error: Unsupported block type

  on auth.hcl line 12, column 1, in databse "sqlite":
  12: databse "sqlite" {

Blocks of type "databse" are not expected here. Did you mean "database"?
