auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

----------
Error: Missing database block

  on auth.hcl line 9, column 1, in session "own":
   9: session "own" {

Sessions are stored in a database: add a block such as database "sqlite" {}.
