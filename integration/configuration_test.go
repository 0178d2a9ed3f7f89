package integration_test

import (
	"fmt"

	"github.com/cotterpin/cotterpin/core/provider/providertest"
)

const allowedOrigin = "http://localhost:5173"

// The session blocks under test.
const (
	ownSession       = `session "own" { transport = ["cookie", "bearer"] }`
	ownBearer        = `session "own" { transport = ["bearer"] }`
	ownJWT           = "session \"own\" {\n format = \"jwt\"\n transport = [\"cookie\", \"bearer\"]\n}"
	ownJWTCookie     = "session \"own\" {\n format = \"jwt\"\n check = \"database\"\n}"
	ownJWTBearer     = "session \"own\" {\n format = \"jwt\"\n check = \"database\"\n transport = [\"bearer\"]\n}"
	tokenBearer      = `session "provider_token" {}`
	tokenCookie      = `session "provider_token" { transport = ["cookie"] }`
	tokenWithoutUser = `session "provider_token" { user = "none" }`
)

// configuration returns a file whose provider is the issuer. Users, if there
// are any, are stored in SQLite in the same directory.
func configuration(issuer *providertest.Issuer, session string) string {
	if session == tokenWithoutUser {
		return configurationOn("", issuer, session)
	}
	return configurationOn("database \"sqlite\" {}\n", issuer, session)
}

// configurationOn is configuration with another database block.
func configurationOn(database string, issuer *providertest.Issuer, session string) string {
	return fmt.Sprintf(`
auth {
  mode            = "development"
  base_url        = "http://localhost:8080"
  allowed_origins = [%q]
}

provider "cotter" {
  api_key_id = %q
  base_url   = %q
  issuer     = %q
  trust      = ["email", "phone"]
}

%s

%s`, allowedOrigin, providertest.Audience, issuer.CotterURL(), providertest.CotterIssuer, session, database)
}
