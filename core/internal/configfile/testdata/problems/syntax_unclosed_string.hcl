auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid multi-line string

  on auth.hcl line 6, column 25, in provider "cotter":
   6:   api_key_id = "6f0a5a3e

Quoted strings may not be split over multiple lines. To produce a multi-line
string, either use the \n escape to represent a newline character or use the
"heredoc" multi-line template syntax.

Error: Unterminated template string

  on auth.hcl line 6, column 25, in provider "cotter":
   6:   api_key_id = "6f0a5a3e

No closing marker was found for the string.
