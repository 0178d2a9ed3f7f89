auth {
  base_url = "https://api.example.com"
  mode = development
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Variables not allowed

  on auth.hcl line 3, column 10, in auth:
   3:   mode = development

There are no variables in this file. Put strings in quotes, and read values
from the environment with env("NAME").
