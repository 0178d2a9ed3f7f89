auth {
  base_url = "https://ada:hunter2@api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "postgres" {
  url = env("DATABASE_URL")
}
----------
Error: Invalid value for "base_url"

  on auth.hcl line 2, column 3, in auth:
   2:   base_url = "https://•••@api.example.com"

Must be an origin without anything else: write "https://api.example.com".

Error: Error in function call

  on auth.hcl line 13, column 9, in database "postgres":
  13:   url = env("DATABASE_URL")

Call to function "env" failed: the environment variable DATABASE_URL is unset
or empty. Set it, or add a default: env("DATABASE_URL", "…").
