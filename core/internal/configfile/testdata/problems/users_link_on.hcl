auth { base_url = "https://api.example.com" }
provider "cotter" { api_key_id = "key" }
session "own" {}
database "sqlite" {}
users { link_on = ["email", "fax", "email"] }
----------
Error: Invalid value for "link_on"

  on auth.hcl line 5, column 9, in users:
   5: users { link_on = ["email", "fax", "email"] }

"fax" is not a contact: use "email", "phone" or both.

Error: Invalid value for "link_on"

  on auth.hcl line 5, column 9, in users:
   5: users { link_on = ["email", "fax", "email"] }

Must list "email" once.
