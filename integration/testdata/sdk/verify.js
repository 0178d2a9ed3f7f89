// Verifies an access token with Cotter's packages for Node.js: verify.js API KID TOKEN
"use strict";

const { Constants, CotterValidateJWT } = require("cotter-node");
const { CotterAccessToken } = require("cotter-token-js");

const [api, kid, token] = process.argv.slice(2);
Constants.BaseURL = api;
Constants.JWTKID = kid;
console.log = () => {}; // cotter-node writes to it

CotterValidateJWT(token).then((valid) => {
  const access = new CotterAccessToken(token);
  process.stdout.write(JSON.stringify({
    valid, identifier: access.getIdentifier(), scope: access.getScope(), method: access.getAuthMethod(), audience: access.getAudience(),
  }));
});
