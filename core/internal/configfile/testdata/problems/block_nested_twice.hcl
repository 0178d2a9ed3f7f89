auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  cookie {
  }
  cookie {
  }
}

database "sqlite" {
}
----------
Error: Second cookie block

  on auth.hcl line 12, column 3, in session "own":
  12:   cookie {

The block cookie is on line 10 already. Remove one of them.
