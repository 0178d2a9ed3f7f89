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

Any client can sign in as any user: set mode = "development".
