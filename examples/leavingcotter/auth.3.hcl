# Deploy 3: Cotter has no new users.
auth {
  base_url        = "https://api.example.com"
  allowed_origins = ["https://app.example.com"]
}

provider "oidc" "corp" {
  issuer   = "https://login.example.com"
  audience = ["app"]
  trust    = ["email"]
}

provider "cotter" {
  api_key_id = env("COTTER_API_KEY_ID")
  trust      = ["email"]
  state      = "draining"
}

users {
  link_on = ["email"]
}

session "own" {}

database "sqlite" {}
