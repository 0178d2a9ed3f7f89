auth {
  mode     = "dev"
  base_url = "http://localhost:8080"
}

provider "emulator" {
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "mode"

  on auth.hcl line 2, column 3, in auth:
   2:   mode     = "dev"

Must be "production" or "development".
