# what the quickstart runs
auth {
  mode     = "development"           # only development allows http and the emulator
  base_url = "http://localhost:8080" # the only required argument
}

provider "emulator" {
  users = ["ada@example.com"]
}

session "own" {}

database "sqlite" {
  path = "auth.db"
}
