auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "provider_tokens" {
}

database "sqlite" {
}
----------
Error: Unknown session type

  on auth.hcl line 9, column 9, in session "provider_tokens":
   9: session "provider_tokens" {

There is no session "provider_tokens". Did you mean "provider_token"?
