auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "postgres" {
  ulr = "hunter2"
}
----------
Error: Unsupported argument

  on auth.hcl line 13, column 3, in database "postgres":
  13:   ulr = "•••"

An argument named "ulr" is not expected here. Did you mean "url"?
