// Runs oidc-provider on a port of the loopback interface:
//
//   node server.js REDIRECT_URI ALGORITHM...
//
// It prints the issuer. There is a client per signature algorithm of ID tokens, with its name; any login and password are accepted.
// POST /send-logout?client=&uri=&sub=&sid= posts a logout token to the uri; sid is optional.
// The access tokens for https://api.example.com are JWTs (RFC 9068). The claim "groups", if it is requested, has 200 elements.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

const [redirectURI, ...algorithms] = process.argv.slice(2);

const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;

const keys = await Promise.all(algorithms.map(async (alg) => {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...await exportJWK(privateKey), alg, use: 'sig', kid: alg };
}));

const groups = Array.from({ length: 200 }, () => crypto.randomUUID());

const provider = new Provider(issuer, {
  clients: algorithms.map((alg) => ({
    client_id: alg,
    client_secret: 'secret',
    redirect_uris: [redirectURI],
    id_token_signed_response_alg: alg,
    backchannel_logout_uri: `${issuer}/replaced`,
    backchannel_logout_session_required: true,
  })),
  jwks: { keys },
  enabledJWA: { idTokenSigningAlgValues: algorithms },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true, groups }),
  }),
  pkce: { required: () => true },
  fetch: (url, { dispatcher, ...options }) => fetch(url, options), // the dispatcher refuses loopback addresses
  cookies: { keys: ['only for tests'] },
  features: {
    devInteractions: { enabled: true },
    claimsParameter: { enabled: true },
    backchannelLogout: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, audience, client) => ({
        scope: 'read',
        audience,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: client.clientId } },
      }),
    },
  },
});

const serve = provider.callback();
server.on('request', async (request, response) => {
  const url = new URL(request.url, issuer);
  if (url.pathname !== '/send-logout') {
    serve(request, response);
    return;
  }
  const { client: id, uri, sub, sid } = Object.fromEntries(url.searchParams);
  const client = await provider.Client.find(id);
  client.backchannelLogoutUri = uri;
  const error = await client.backchannelLogout(sub, sid).then(() => undefined, (cause) => cause);
  response.writeHead(error ? 502 : 204).end(error?.message);
});
console.log(issuer);
