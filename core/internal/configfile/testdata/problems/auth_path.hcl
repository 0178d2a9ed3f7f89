auth {
  base_url = "https://api.example.com"
  path = "auth/"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "path"

  on auth.hcl line 3, column 3, in auth:
   3:   path = "auth/"

Must be a path such as "/auth": it begins with a slash, does not end with one,
and consists of letters, digits and "-", ".", "_", "~".
