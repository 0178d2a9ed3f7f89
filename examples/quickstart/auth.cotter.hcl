auth {
  base_url        = "https://api.example.com"
  allowed_origins = ["https://app.example.com"] # for CORS and the cross-origin check
}

provider "cotter" {
  api_key_id = env("COTTER_API_KEY_ID") # unset or empty: an error with this line
  trust      = ["email", "phone"]       # contacts that Cotter has verified
}

session "own" {}

database "sqlite" {}
