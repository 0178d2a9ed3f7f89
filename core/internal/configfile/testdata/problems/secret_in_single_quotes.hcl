auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "postgres" {
  url = 'hunter2'
}
----------
Error: Invalid character

  on auth.hcl line 13, column 9, in database "postgres":
  13:   url = •••

Single quotes are not valid. Use double quotes (") to enclose strings.

Error: Invalid expression

  on auth.hcl line 13, column 9, in database "postgres":
  13:   url = •••

Expected the start of an expression, but found an invalid expression token.
