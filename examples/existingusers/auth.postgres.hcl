# The same on PostgreSQL: DATABASE_URL is the URL of the application's own database.
auth {
  mode     = "development"
  base_url = "http://localhost:8080"
}

provider "emulator" {
  users = ["ada@example.com"]
}

session "own" {}

database "postgres" {
  url = env("DATABASE_URL")
}
