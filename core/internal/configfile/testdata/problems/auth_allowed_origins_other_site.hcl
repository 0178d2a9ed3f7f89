auth {
  base_url = "https://api.example.com"
  allowed_origins = ["https://app.example.com", "https://app.example.org"]
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "allowed_origins"

  on auth.hcl line 3, column 3, in auth:
   3:   allowed_origins = ["https://app.example.com", "https://app.example.org"]

"https://app.example.org" is on another site than base_url
(https://example.com), and browsers send no cookie from one site to another
under same_site = "lax": serve it below that site, add "bearer" to transport,
or set same_site = "none".
