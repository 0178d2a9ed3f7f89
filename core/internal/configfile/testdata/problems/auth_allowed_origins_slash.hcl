auth {
  base_url = "https://api.example.com"
  allowed_origins = ["https://app.example.com/"]
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
   3:   allowed_origins = ["https://app.example.com/"]

"https://app.example.com/" must be an origin without anything else: write
"https://app.example.com".
