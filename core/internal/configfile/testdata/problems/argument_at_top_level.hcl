mode = "development"

auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Unsupported argument

  on auth.hcl line 1, column 1:
   1: mode = "development"

An argument named "mode" is not expected here. The file has the blocks auth,
provider, users, session and database.
