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
Error: Duplicate cookie block

  on auth.hcl line 12, column 3, in session "own":
  12:   cookie {

There is another block cookie on line 10. Remove one of them.
