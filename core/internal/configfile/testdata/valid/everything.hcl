auth {
  mode            = "production"
  base_url        = "https://api.example.co.uk:8443"
  path            = "/v1/auth"
  allowed_origins = ["https://app.example.co.uk", "https://[2001:db8::1]:8443"]
  trusted_proxies = ["10.0.0.0/8", "2001:db8::7", "unix"]
  login_failures  = 0

  request_id_header = "X-Request-Id"
}

provider "cotter" "old" {
  api_key_id    = trimspace(file("api_key_id.txt"))
  display_name  = "Cotter, until spring"
  state         = "draining"
  trust         = []
  clock_skew    = "0s"
  login_max_age = "0s"
  cache         = 0
  keys {
    max_age   = "10m"
    max_stale = "2d"
  }
  http {
    ca_file = "ca.pem"
  }
}

provider "oidc" "new" {
  issuer   = jsondecode("{\"issuer\": \"https://issuer.example.com\"}").issuer
  audience = split(",", env("AUDIENCE", "web,native"))
  retries  = 0
  claims {
    email = "/contact/email"
  }
}

users {
  create  = false
  link_on = ["email"]
}

session "provider_token" {
  transport = ["cookie", "bearer"]
  user      = "required"
  cache_ttl = "0s"
  cookie {
    name        = "__Secure-token"
    domain      = "example.co.uk"
    same_site   = "none"
    partitioned = true
  }
}

database "postgres" {
  url            = "postgres://app:${env("PGPASSWORD")}@db/auth"
  max_open_conns = env("MAX_OPEN_CONNS", "3")
  password       = null
}
