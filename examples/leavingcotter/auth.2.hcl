# Deploy 2: the new provider is open, and finds the users of Cotter.
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
}

users {
  link_on = ["email"]
}

session "own" {}

database "sqlite" {}
