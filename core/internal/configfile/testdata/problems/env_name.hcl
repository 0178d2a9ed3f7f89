auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = env("cotter key")
}

session "own" {
}

database "sqlite" {
}
----------
Error: Error in function call

  on auth.hcl line 6, column 16, in provider "cotter":
   6:   api_key_id = env("cotter key")

Call to function "env" failed: the name of an environment variable consists of
letters, digits and underscores.
