auth {
  base_url = "https://api.example.com"
}

provider {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Missing type for provider

  on auth.hcl line 5, column 10, in provider:
   5: provider {

Write provider "TYPE", or provider "TYPE" "NAME" if there are several of one
type.
