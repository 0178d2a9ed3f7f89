auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"
}

session "own" { cookie { name = "a" } }

database "sqlite" {
}
----------
Error: Argument definition required

  on auth.hcl line 9, column 17, in session "own":
   9: session "own" { cookie { name = "a" } }

A single-line block definition can contain only a single argument. If you
meant to define argument "cookie", use an equals sign to assign it a value. To
define a nested block, place it on a line of its own within its parent block.

Error: Invalid single-argument block definition

  on auth.hcl line 10, column 1, in session "own":
  10:

An argument definition on the same line as its containing block creates a
single-line block definition, which must also be closed on the same line.
Place the block's closing brace immediately after the argument definition.
