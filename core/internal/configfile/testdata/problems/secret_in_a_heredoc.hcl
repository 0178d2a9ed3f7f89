auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "postgres" {
  url = <<EOT
  hunter2 ${
  EOT
}
----------
Error: Unterminated template string

  on auth.hcl line 17, column 1:
  14: •••${
  15:   •••
  16: }

No closing marker was found for the string.
