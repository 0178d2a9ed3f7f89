auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = file("no-such-file")
}

session "own" {
}

database "sqlite" {
}
----------
Error: Error in function call

  on auth.hcl line 6, column 16, in provider "cotter":
   6:   api_key_id = file("no-such-file")

Call to function "file" failed: there is no file no-such-file. Create it, or
change the path, which is relative to the configuration file.
