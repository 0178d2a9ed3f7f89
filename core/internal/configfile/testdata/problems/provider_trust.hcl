auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
  trust = ["email", "fax"]
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "trust"

  on auth.hcl line 7, column 3, in provider "cotter":
   7:   trust = ["email", "fax"]

"fax" is not a contact: use "email", "phone" or both.
