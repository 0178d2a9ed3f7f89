auth {
  base_url = "https://api.example.com"
}

provider "cotter" {
  api_key_id = "6f0a5a3e"

session "own" {
}

database "sqlite" {
}
----------
Error: Unclosed configuration block

  on auth.hcl line 5, column 19, in provider "cotter":
   5: provider "cotter" {

There is no closing brace for this block before the end of the file. This may
be caused by incorrect brace nesting elsewhere in this file.
