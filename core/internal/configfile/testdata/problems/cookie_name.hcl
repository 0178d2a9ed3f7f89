auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  cookie {
    name = "my session"
  }
}

database "sqlite" {
}
----------
Error: Invalid value for "cookie.name"

  on auth.hcl line 11, column 5, in session "own":
  11:     name = "my session"

Must consist of letters, digits and the punctuation that is valid in a
cookie's name, such as "__Host-session".
