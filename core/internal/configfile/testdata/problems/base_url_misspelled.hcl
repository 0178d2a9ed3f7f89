auth {
  mode     = "development"
  base_ulr = "http://localhost:8080"
}

provider "emulator" {
}

session "own" {
}

database "sqlite" {
}
----------
Error: Unsupported argument

  on auth.hcl line 3, column 3, in auth:
   3:   base_ulr = "http://localhost:8080"

An argument named "base_ulr" is not expected here. Did you mean "base_url"?
