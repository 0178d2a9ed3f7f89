auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  cookie = { name = "a" }
}

database "sqlite" {
}
----------
Error: Unsupported argument

  on auth.hcl line 10, column 3, in session "own":
  10:   cookie = { name = "a" }

An argument named "cookie" is not expected here. Did you mean to define a
block of type "cookie"?
