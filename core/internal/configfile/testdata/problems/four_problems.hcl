auth {
  base_url = "https://api.example.com/"
}

provider "oidc" "google" {
  issuer     = "https://accounts.google.com"
  audiance   = ["1234567890-abc.apps.googleusercontent.com"]
  audience   = ["1234567890-abc.apps.googleusercontent.com"]
  clock_skew = "10m"
}

session "own" {
  ttl = "30 days"
}

database "sqlite" {
}
----------
Error: Invalid value for "base_url"

  on auth.hcl line 2, column 3, in auth:
   2:   base_url = "https://api.example.com/"

Must be an origin without anything else: write "https://api.example.com".

Error: Unsupported argument

  on auth.hcl line 7, column 3, in provider "oidc" "google":
   7:   audiance   = ["1234567890-abc.apps.googleusercontent.com"]

An argument named "audiance" is not expected here. This block has audience,
cache, claims, clock_skew, display_name, http, issuer, keys, login_max_age,
required_claims, retries, state, trust.

Error: Invalid value for "clock_skew"

  on auth.hcl line 9, column 3, in provider "oidc" "google":
   9:   clock_skew = "10m"

Must be between "0s" and "120s".

Error: Invalid value for "ttl"

  on auth.hcl line 13, column 9, in session "own":
  13:   ttl = "30 days"

"30 days" is not a duration: write a number and a unit, such as "90s", "15m",
"12h" or "30d".
