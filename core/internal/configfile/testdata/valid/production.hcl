auth {
  base_url        = "https://api.example.com"
  allowed_origins = ["https://app.example.com"] # CORS and the cross-origin guard alike
}

provider "cotter" {
  api_key_id = env("COTTER_API_KEY_ID")
  trust      = ["email", "phone"]
}

provider "oidc" "google" {
  issuer          = "https://accounts.google.com"
  audience        = ["1234567890-abc.apps.googleusercontent.com"]
  required_claims = { hd = "example.com" }
  trust           = ["email"]
}

users {
  create = true
}

session "own" {
  ttl       = "30d"
  idle_ttl  = "7d"
  transport = ["cookie", "bearer"]
  cookie {
    name      = "__Host-session"
    same_site = "lax"
  }
}

database "postgres" {
  url = env("DATABASE_URL")
}
