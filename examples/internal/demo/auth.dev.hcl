# What a demo application runs on where no file is named.
auth {
  mode     = "development"           # default "production"; only development allows http and the emulator
  base_url = "http://localhost:8080" # the program puts in the port that it listens on
}

provider "emulator" { # a real issuer on this process: Cotter's API, own keys, codes in a mailbox
  users = ["ada@example.com", "grace@example.com"]
}

session "own" {
  transport = ["cookie", "bearer"] # a login is given a cookie unless it asks for a bearer token
}

database "sqlite" {
  path = "auth.db"
}
