auth {
  mode     = "development"
  base_url = "http://localhost:8080"
}

provider "emulator" {}

session "own" {}

database "sqlite" {}
