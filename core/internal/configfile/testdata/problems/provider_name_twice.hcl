auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

provider "cotter" {
  api_key_id = "other"
  clock_skew = "5m"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Duplicate provider name

  on auth.hcl line 9, column 1, in provider "cotter":
   9: provider "cotter" {

There is another provider "cotter": name this one, provider "TYPE" "NAME".

Error: Invalid value for "clock_skew"

  on auth.hcl line 11, column 3, in provider "cotter":
  11:   clock_skew = "5m"

Must be between "0s" and "120s".
