auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = envs("COTTER_API_KEY_ID")
}

session "own" {
}

database "sqlite" {
}
----------
Error: Call to unknown function

  on auth.hcl line 6, column 16, in provider "cotter":
   6:   api_key_id = envs("COTTER_API_KEY_ID")

There is no function named "envs". Did you mean "env"?
