auth {
  base_url        = "https://api.example.com"
  allowed_origins = ["capacitor://localhost", "http://localhost", "file://"]
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" {
}

database "sqlite" {
}
----------
Error: Invalid value for "allowed_origins"

  on auth.hcl line 3, column 3, in auth:
   3:   allowed_origins = ["capacitor://localhost", "http://localhost", "file://"]

"capacitor://localhost" is the origin of an app, which is not on the site of
base_url and gets no cookie: add "bearer" to transport.

Error: Invalid value for "allowed_origins"

  on auth.hcl line 3, column 3, in auth:
   3:   allowed_origins = ["capacitor://localhost", "http://localhost", "file://"]

"file://" must be an origin, such as "https://api.example.com": scheme, host,
and the port if it is not the default.

Error: Invalid value for "allowed_origins"

  on auth.hcl line 3, column 3, in auth:
   3:   allowed_origins = ["capacitor://localhost", "http://localhost", "file://"]

"http://localhost" is the origin of an app, which is not on the site of
base_url and gets no cookie: add "bearer" to transport.
