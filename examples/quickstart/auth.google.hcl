auth {
  base_url = "https://api.example.com"
}

provider "oidc" "google" {
  issuer          = "https://accounts.google.com"
  audience        = ["1234567890-abc.apps.googleusercontent.com"]
  required_claims = { hd = "example.com" }
  trust           = ["email"]
}

session "own" {
  ttl       = "30d"
  idle_ttl  = "7d"
  transport = ["cookie", "bearer"]
}

database "sqlite" {}
