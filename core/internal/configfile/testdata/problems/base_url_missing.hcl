auth {
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

  on auth.hcl line 1, column 1, in auth:
   1: auth {

The argument "base_url" is required: the application's origin, such as
https://api.example.com.
