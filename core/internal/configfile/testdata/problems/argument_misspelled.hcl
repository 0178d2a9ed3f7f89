auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_ld = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Unsupported argument

  on auth.hcl line 6, column 3, in provider "cotter":
   6:   api_key_ld = "6f0a5a3e"

An argument named "api_key_ld" is not expected here. Did you mean
"api_key_id"?
