auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

session "provider_token" {
  user = "none"
  cookie {
    name = "__Host-session"
  }
}

database "sqlite" {
}
----------
Error: Invalid value for "user"

  on auth.hcl line 13, column 3, in session "provider_token":
  13:   user = "none"

Must be "required" next to session "own", which stores users.

Error: Invalid value for "cookie.name"

  on auth.hcl line 15, column 5, in session "provider_token":
  15:     name = "__Host-session"

Must not be "__Host-session": that is a cookie of session "own".
