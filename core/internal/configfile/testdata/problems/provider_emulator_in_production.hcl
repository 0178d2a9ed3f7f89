auth {
  base_url = "https://api.example.com"
}

provider "emulator" {
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid provider "emulator"

  on auth.hcl line 5, column 1, in provider "emulator":
   5: provider "emulator" {

Everybody can sign in as anybody here: it needs mode = "development".
