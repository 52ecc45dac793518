// oidc-provider as an authority for machines: client credentials, opaque access tokens in Redis, and introspection.
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';
import { RedisAdapter } from './adapter.js';
import { serve } from './cluster.js';

const { ISSUER, CLIENT_ID, CLIENT_SECRET } = process.env;

serve((port, host) => {
  // It wants a key to begin with; opaque tokens are signed by none.
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const provider = new Provider(ISSUER, {
    adapter: RedisAdapter,
    clients: [{
      client_id: CLIENT_ID,
      client_secret: CLIENT_SECRET,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: 'ES256',
    }],
    cookies: { keys: [CLIENT_SECRET] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      // Who may ask about which token, as a provider is told to decide it.
      introspection: { enabled: true, allowedPolicy: (_ctx, client, token) => client.clientId === token.clientId },
    },
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256' }] },
    ttl: { ClientCredentials: 7200 },
  });
  provider.listen(port, host);
});
