auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "postgres" {
  url = env("DATABASE_URL", "hunter2", "hunter2")
}
----------
Error: Error in function call

  on auth.hcl line 13, column 9, in database "postgres":
  13:   url = env("DATABASE_URL", "•••", "•••")

Call to function "env" failed: it accepts a name and at most one default.
