auth {
  base_url = "https://api.example.com"
  trusted_proxies = ["0.0.0.0/0"]
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "trusted_proxies"

  on auth.hcl line 3, column 3, in auth:
   3:   trusted_proxies = ["0.0.0.0/0"]

"0.0.0.0/0" trusts every address, so a client could spoof its own: list the
proxies.
