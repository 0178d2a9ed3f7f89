auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e-0c52-4f52-9a3e-7d8f0a1b2c3d"
  trust      = ["email"]
}

session "own" {}

database "sqlite" {
  path = ":memory:"
}
