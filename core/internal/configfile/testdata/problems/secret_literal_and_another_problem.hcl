auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "postgres" {
  url            = "postgres://app:hunter2@db/auth"
  max_open_conns = "hunter-many"
}
----------
Warning: Secret "url" is in the file

  on auth.hcl line 13, column 20, in database "postgres":
  13:   url            = "•••"

Anyone who can read the file or its history can read the secret. Read it from
the environment, url = env("NAME"), or from a file, url =
trimspace(file("PATH")).

Error: Invalid value for "max_open_conns"

  on auth.hcl line 14, column 20, in database "postgres":
  14:   max_open_conns = "hunter-many"

Must be a whole number.
