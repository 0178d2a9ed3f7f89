auth {
  base_url = null
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Missing required argument

  on auth.hcl line 2, column 3, in auth:
   2:   base_url = null

The argument "base_url" is required: the application's origin, such as
https://api.example.com.
