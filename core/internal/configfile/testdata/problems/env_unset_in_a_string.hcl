auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "key-${env("COTTER_API_KEY_ID")}"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Error in function call

  on auth.hcl line 6, column 23, in provider "cotter":
   6:   api_key_id = "key-${env("COTTER_API_KEY_ID")}"

Call to function "env" failed: the environment variable COTTER_API_KEY_ID is
unset or empty. Set it, or add a default: env("COTTER_API_KEY_ID", "…").
