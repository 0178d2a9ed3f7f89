auth {
  trusted_proxies {
  }
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Unsupported block type

  on auth.hcl line 2, column 3, in auth:
   2:   trusted_proxies {

Blocks of type "trusted_proxies" are not expected here. Did you mean to define
argument "trusted_proxies"? If so, use the equals sign to assign it a value.
