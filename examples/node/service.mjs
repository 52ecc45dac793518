// A service that takes Rescind's access tokens: jose checks them, the feed tells which are revoked (docs/feed.md).

import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

import { EventSourceParserStream } from 'eventsource-parser/stream'
import { createRemoteJWKSet, errors, jwtVerify } from 'jose'

// The authority's URL, which is also the issuer of its tokens; what they are for; an API client with the scope `feed`.
const { AUTHORITY, AUDIENCE, CLIENT_ID, CLIENT_SECRET, MAX_STALENESS = 300, PORT = 8000 } = process.env, LEEWAY = 30 // s
if (!AUTHORITY || !AUDIENCE || !CLIENT_ID || !CLIENT_SECRET) throw new Error('something is not set: see README.md')
const RULES = { issuer: AUTHORITY, audience: AUDIENCE, typ: 'at+jwt', algorithms: ['EdDSA'],
  requiredClaims: ['exp'], clockTolerance: LEEWAY }
// What of a token the marks of each kind name.
const NAMED = {
  token: 'jti', session: 'sid', user: 'user_id', tenant: 'tenant_id', client: 'client_id', key: 'kid', digest: 'digest',
}
// Kept for good, since the feed tells of keys that are cut. For an unknown one it looks again, at most every 5 s.
const keys = createRemoteJWKSet(new URL(`${AUTHORITY}/.well-known/jwks.json`), {
  cacheMaxAge: Infinity, cooldownDuration: 5000,
})
const marks = new Map() // kind, tenant (or null: everybody's) and key → the least version that lives, when it expires
let asOf = 0 // all that was revoked before then is in `marks`; at first nothing is known

/** Follows the feed for ever. Whatever goes wrong, `asOf` stands still until it is right again. */
async function follow(cursor, pause = 500) {
  for (;; await sleep((1 + Math.random() / 2) * (pause = Math.min(2 * pause, 30_000)))) {
    const silence = new AbortController(), watchdog = setTimeout(() => silence.abort(), 20_000)
    try {
      if (!cursor) {
        const snapshot = await (await feed('snapshot', silence)).json()
        snapshot.marks.forEach(learn)
        cursor = snapshot.cursor
      }
      const { body } = await feed(`events?after=${cursor}`, silence)
      const events = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
      for await (const { event, data, id } of events) {
        watchdog.refresh()
        if (event === 'revocation') learn(JSON.parse(data))
        if (event === 'heartbeat') [asOf, pause] = [Date.parse(JSON.parse(data).as_of), 500]
        cursor = id ?? cursor
      }
    } catch (error) {
      console.error('the feed:', error.message)
      // Purged, or another history. A snapshot adds to what is known; it is taken soon.
      if (error.cause === 410) [cursor, pause] = [undefined, 500]
    }
  }
}

async function feed(what, { signal }) {
  const headers = { authorization: `Basic ${btoa(`${CLIENT_ID}:${CLIENT_SECRET}`)}` }
  const reply = await fetch(`${AUTHORITY}/api/v1/feed/${what}`, { headers, redirect: 'error', signal })
  // What other tenants have revoked is not told to a client that a tenant binds.
  if (reply.ok && reply.headers.get('rescind-tenant') !== '*') throw new Error('not every tenant’s feed')
  return reply.ok ? reply : Promise.reject(new Error(`${reply.status}`, { cause: reply.status }))
}

function learn({ kind, tenant_id, key, min_version, expires_at }) {
  if (!Object.hasOwn(NAMED, kind)) throw new Error(`a new kind of mark: ${kind}`) // nothing gets fresher: update this
  const [name, end] = [`${kind} ${tenant_id} ${key}`, Date.parse(expires_at ?? '9999-12-31')]
  const known = marks.get(name) ?? { least: 0, end }
  marks.set(name, { least: Math.max(known.least, min_version ?? Infinity), end: Math.max(known.end, end) })
}

const isRevoked = (token) => Object.keys(NAMED).some((kind) => [null, token.tenant_id].some((tenant) => {
  const mark = marks.get(`${kind} ${tenant} ${token[NAMED[kind]]}`)
  return mark && !((kind === 'tenant' ? token.tver : token.ver) >= mark.least)
}))

/** The status and the body of an answer. Nothing is let through where it is not known what is revoked. */
async function answer({ url, headers }) {
  if (!(asOf - LEEWAY * 1000 <= Date.now() && Date.now() <= asOf + MAX_STALENESS * 1000)) return [503, 'not ready']
  if (url === '/healthz') return [200, { as_of: new Date(asOf) }]
  const [, token = ''] = headers.authorization?.match(/^Bearer (\S+)$/i) ?? []
  const { payload, protectedHeader } = await jwtVerify(token, keys, RULES)
  const digest = createHash('sha256').update(token.slice(0, token.lastIndexOf('.'))).digest('hex')
  return isRevoked({ ...payload, ...protectedHeader, digest }) ? [401, 'revoked'] : [200, payload]
}

setInterval(() => marks.forEach(({ end }, name) => end + 2 * LEEWAY * 1000 < asOf && marks.delete(name)), 60_000)
follow()
createServer(async (request, response) => {
  // A good token's key may be one that cannot be fetched now; everything else that jose says is the token's fault.
  const [status, body] = await answer(request).catch((e) => [e instanceof errors.JOSEError ? 401 : 503, e.name])
  response.writeHead(status, status === 401 ? { 'www-authenticate': 'Bearer' } : {}).end(JSON.stringify(body))
}).listen(PORT, '127.0.0.1', function () { console.log(`listening on http://127.0.0.1:${this.address().port}`) })
