auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
  clock_skew = "5m"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "clock_skew"

  on auth.hcl line 7, column 3, in provider "cotter":
   7:   clock_skew = "5m"

Must be between "0s" and "120s".
