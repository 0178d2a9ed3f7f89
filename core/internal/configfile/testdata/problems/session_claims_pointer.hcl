auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  claims = ["/realm_access/roles", "/realm_access~roles"]
}

database "sqlite" {
}
----------
Error: Invalid value for "claims"

  on auth.hcl line 10, column 3, in session "own":
  10:   claims = ["/realm_access/roles", "/realm_access~roles"]

No token can have this claim: "/realm_access~roles" is not a JSON Pointer:
after "~" there must be 0, for "~", or 1, for "/".
