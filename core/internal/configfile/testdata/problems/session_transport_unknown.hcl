auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  transport = ["cookies"]
}

database "sqlite" {
}
----------
Error: Invalid value for "transport"

  on auth.hcl line 10, column 3, in session "own":
  10:   transport = ["cookies"]

"cookies" is not a transport: use "cookie", "bearer" or both.
