# The configuration without the flag -config: people sign in at an emulator of Cotter.
auth {
  mode     = "development"
  base_url = "http://localhost:8080" # the program replaces the port by that of -addr
}

provider "emulator" {
  users = ["ada@example.com"]
}

session "own" {}

database "sqlite" {
  path = "existingusers.db" # the application's own database
}
