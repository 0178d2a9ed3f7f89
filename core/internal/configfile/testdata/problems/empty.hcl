----------
Error: Missing auth block

  on auth.hcl line 1, column 1:
   1:

Add a block auth with the argument base_url, the origin of the application,
such as "https://api.example.com".

Error: Missing provider block

  on auth.hcl line 1, column 1:
   1:

No user could sign in: add a block such as provider "cotter".

Error: Missing session block

  on auth.hcl line 1, column 1:
   1:

Add session "own" {} for sessions of the kit, or session "provider_token" {}
to accept the provider's token at each request, or both.
