auth {
  base_url = "https://api.example.com"
}

provider "coter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Unknown provider type

  on auth.hcl line 5, column 10, in provider "coter":
   5: provider "coter" {

There is no provider "coter". Did you mean "cotter"?
