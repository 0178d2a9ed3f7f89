auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
  cache      = 1000001
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "cache"

  on auth.hcl line 7, column 3, in provider "cotter":
   7:   cache      = 1000001

Must be between 0 and 1000000 tokens; 0 caches none.
