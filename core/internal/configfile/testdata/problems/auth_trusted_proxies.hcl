auth {
  base_url = "https://api.example.com"
  trusted_proxies = ["proxy.internal", "unix:/run/app.sock", "unix"]
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
   3:   trusted_proxies = ["proxy.internal", "unix:/run/app.sock", "unix"]

"proxy.internal" is neither an address nor a CIDR block: write "10.0.0.7" or
"10.0.0.0/8", or "unix" for a Unix socket.

Error: Invalid value for "trusted_proxies"

  on auth.hcl line 3, column 3, in auth:
   3:   trusted_proxies = ["proxy.internal", "unix:/run/app.sock", "unix"]

"unix:/run/app.sock" is neither an address nor a CIDR block: write "10.0.0.7"
or "10.0.0.0/8", or "unix" for a Unix socket.
