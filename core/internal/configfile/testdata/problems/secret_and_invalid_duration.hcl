auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "postgres" {
  url      = "postgres://app:hunter2@db/auth"
  patience = "5"
}
----------
Warning: Secret "url" is in the file

  on auth.hcl line 13, column 14, in database "postgres":
  13:   url      = "•••"

Anyone who can read the file or its history can read the secret. Read it from
the environment, url = env("NAME"), or from a file, url =
trimspace(file("PATH")).

Error: Invalid value for "patience"

  on auth.hcl line 14, column 14, in database "postgres":
  14:   patience = "5"

"5" is not a duration: write a number and a unit, such as "90s", "15m", "12h"
or "30d".
