auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "postgres" {
  url = env("hunter2 is the password")
}
----------
Error: Error in function call

  on auth.hcl line 13, column 9, in database "postgres":
  13:   url = env("•••")

Call to function "env" failed: the name of an environment variable consists of
letters, digits and underscores.
