auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session {
}

database "sqlite" {
}
----------
Error: Missing strategy for session

  on auth.hcl line 9, column 9, in session:
   9: session {

Write session "own" or session "provider_token".
