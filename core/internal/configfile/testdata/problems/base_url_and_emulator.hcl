auth {
  mode     = "development"
  base_url = "http://localhost:8080/app"
}

provider "emulator" {
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "base_url"

  on auth.hcl line 3, column 3, in auth:
   3:   base_url = "http://localhost:8080/app"

Must be an origin without anything else: write "http://localhost:8080".
