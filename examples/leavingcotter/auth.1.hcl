# Deploy 1: the new provider is there, and not yet open.
auth {
  base_url        = "https://api.example.com"
  allowed_origins = ["https://app.example.com"]
}

provider "cotter" {
  api_key_id = env("COTTER_API_KEY_ID")
  trust      = ["email"]
}

provider "oidc" "corp" {
  issuer   = "https://login.example.com"
  audience = ["app"]
  trust    = ["email"]
  state    = "draining" # only users who are linked, after a way back from deploy 2
}

session "own" {}

database "sqlite" {}
