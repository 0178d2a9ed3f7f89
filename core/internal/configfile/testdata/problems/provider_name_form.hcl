auth {
  base_url = "https://api.example.com"
}

provider "cotter" "Main Street" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid provider "Main Street"

  on auth.hcl line 5, column 1, in provider "cotter" "Main Street":
   5: provider "cotter" "Main Street" {

The name must begin with a lowercase letter, and consist of lowercase letters,
digits, "-" and "_".
