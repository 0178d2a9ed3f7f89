# The configuration of the demo applications without the flag -config.
auth {
  mode     = "development"           # default "production"; only development allows http and the emulator
  base_url = "http://localhost:8080" # the program replaces the port by that of -addr
}

provider "emulator" { # a real issuer in this process: Cotter's API, its own keys, codes in a mailbox
  users = ["ada@example.com", "grace@example.com"]
}

session "own" {
  transport = ["cookie", "bearer"] # a login sets a cookie unless it requests a bearer token
}

database "sqlite" {
  path = "auth.db"
}
