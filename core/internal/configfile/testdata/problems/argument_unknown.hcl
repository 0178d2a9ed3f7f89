auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
  color = "red"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Unsupported argument

  on auth.hcl line 7, column 3, in provider "cotter":
   7:   color = "red"

An argument named "color" is not expected here. This block has api_key_id,
base_url, cache, clock_skew, display_name, http, keys, login_max_age, state,
trust.
