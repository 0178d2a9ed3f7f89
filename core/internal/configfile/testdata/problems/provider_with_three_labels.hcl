auth {
  base_url = "https://api.example.com"
}

provider "cotter" "a" "b" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Extraneous label for provider

  on auth.hcl line 5, column 23, in provider "cotter" "a" "b":
   5: provider "cotter" "a" "b" {

Only 2 labels (type, name) are expected for provider blocks.
