// The usual check by hand: express, jsonwebtoken with a key that is made once, and a list of revoked tokens in Redis.
import { createSecretKey } from 'node:crypto';
import express from 'express';
import Redis from 'ioredis';
import jwt from 'jsonwebtoken';
import { serve } from './cluster.js';

const { SECRET, ISSUER, AUDIENCE, REDIS_URL } = process.env;

serve((port, host) => {
  const key = createSecretKey(SECRET, 'base64');
  const options = { algorithms: ['HS256'], issuer: ISSUER, audience: AUDIENCE };
  const redis = new Redis(REDIS_URL, { enableAutoPipelining: true });

  async function protect(request, response, next) {
    const [scheme, token] = (request.headers.authorization ?? '').split(' ');
    if (scheme !== 'Bearer') return response.status(401).json({ code: 'authentication_required' });
    let claims;
    try {
      claims = jwt.verify(token, key, options);
    } catch {
      return response.status(401).json({ code: 'invalid_token' });
    }
    if (await redis.exists(`revoked:${claims.jti}`)) return response.status(401).json({ code: 'token_revoked' });
    request.claims = claims;
    next();
  }

  const hello = (request, response) => response.json('hello');
  const app = express();
  app.disable('x-powered-by');
  app.get('/open', hello);
  app.get('/protected', protect, hello);
  app.listen(port, host);
});
