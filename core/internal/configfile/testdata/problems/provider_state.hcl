auth { base_url = "https://api.example.com" }
provider "cotter" {
  api_key_id = "key"
  state      = "off"
}
session "own" {}
database "sqlite" {}
----------
Error: Invalid value for "state"

  on auth.hcl line 4, column 3, in provider "cotter":
   4:   state      = "off"

Must be "active", "draining" or "disabled".
