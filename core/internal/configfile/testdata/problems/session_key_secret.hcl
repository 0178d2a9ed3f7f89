auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
  key_secret = trimspace("correct-horse-battery-staple")
}

database "sqlite" {
}
----------
Error: Invalid value for "key_secret"

  on auth.hcl line 10, column 3, in session "own":
  10:   key_secret = trimspace("•••")

Must be 32 random bytes in base64url, such as the output of "openssl rand
-base64 32 | tr '+/' '-_'".
