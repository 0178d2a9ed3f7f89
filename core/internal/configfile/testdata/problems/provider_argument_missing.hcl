auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
}

session "own" {
}

database "sqlite" {
}
----------
Error: Missing required argument

  on auth.hcl line 5, column 1, in provider "cotter":
   5: provider "cotter" {

The argument "api_key_id" is required: the API key.
