auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = env("A", "b", "c")
}

session "own" {
}

database "sqlite" {
}
----------
Error: Error in function call

  on auth.hcl line 6, column 16, in provider "cotter":
   6:   api_key_id = env("A", "b", "c")

Call to function "env" failed: it accepts a name and at most one default.
