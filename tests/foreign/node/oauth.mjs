// Drives the OAuth endpoints the way a Node service would: oauth4webapi, configured by discovery alone.
//
// Told by environment: RESCIND_ISSUER_URL, RESCIND_REFRESH_TOKEN (of a password sign-in), RESCIND_CLIENT_ID and
// RESCIND_CLIENT_SECRET (an API client with scope introspect), RESCIND_TEST_NODE_MODULES.
// Ends with status 1 and one line at the first disagreement.

import assert from 'node:assert/strict'
import { webcrypto } from 'node:crypto'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

// Node 18 has it, but not as a global.
globalThis.crypto ??= webcrypto

const setting = (name) => process.env[name] ?? fail(`${name} is not set`)
const oauth = await import(pathToFileURL(join(setting('RESCIND_TEST_NODE_MODULES'), 'oauth4webapi/build/index.js')))

const insecure = { [oauth.allowInsecureRequests]: true } // http, on the loopback address
const issuer = new URL(setting('RESCIND_ISSUER_URL'))
const signIn = { client_id: 'rescind' } // the public client that every password sign-in belongs to
const api = { client_id: setting('RESCIND_CLIENT_ID') }
const secret = setting('RESCIND_CLIENT_SECRET')

try {
  await main()
} catch (error) {
  fail(`${error.name}: ${error.message} ${JSON.stringify(error.cause ?? '', (_, value) => (value instanceof Error ? value.message : value))}`)
}

async function main() {
  const server = await discover()
  const first = setting('RESCIND_REFRESH_TOKEN')

  const pair = await refresh(server, first)
  assert.equal(pair.token_type, 'bearer', 'oauth4webapi lower-cases the token type')
  assert.ok(pair.expires_in > 0, 'expires_in is positive')
  assert.notEqual(pair.refresh_token, first, 'a refresh token is single use: the answer carries another')

  const again = await refresh(server, first)
  assert.equal(again.refresh_token, pair.refresh_token, 'a retry gets the same successor')

  const alive = await introspect(server, pair.access_token)
  assert.equal(alive.active, true, 'a fresh access token is active')
  assert.equal(alive.client_id, 'rescind', 'it belongs to the public client')
  assert.equal(alive.iss, server.issuer, 'its issuer is the discovered one')

  await introspectIsRefused(server, pair.access_token)

  await revoke(server, pair.refresh_token)
  const dead = await introspect(server, pair.access_token)
  assert.deepEqual(dead, { active: false }, 'a revoked session takes its access tokens along, and says no more')
  assert.equal((await introspect(server, pair.refresh_token)).active, false, 'the refresh token is dead too')

  await refreshIsRefused(server, pair.refresh_token)
  await revoke(server, 'never-issued-by-anyone') // RFC 7009 §2.2: an unknown token is no error
}

async function discover() {
  const answer = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
  return oauth.processDiscoveryResponse(issuer, answer)
}

async function refresh(server, token) {
  const answer = await oauth.refreshTokenGrantRequest(server, signIn, oauth.None(), token, insecure)
  return oauth.processRefreshTokenResponse(server, signIn, answer)
}

async function refreshIsRefused(server, token) {
  await assert.rejects(refresh(server, token), { name: 'ResponseBodyError', error: 'invalid_grant', status: 400 })
}

async function introspect(server, token) {
  const answer = await oauth.introspectionRequest(server, api, oauth.ClientSecretBasic(secret), token, insecure)
  return oauth.processIntrospectionResponse(server, api, answer)
}

async function introspectIsRefused(server, token) {
  const wrong = oauth.ClientSecretBasic(`${secret}-wrong`)
  const answer = await oauth.introspectionRequest(server, api, wrong, token, insecure)
  await assert.rejects(oauth.processIntrospectionResponse(server, api, answer), (error) => {
    // The library reports the challenge where there is one, which RFC 6749 §5.2 asks for.
    assert.equal(error.name, 'WWWAuthenticateChallengeError')
    assert.equal(error.status, 401)
    assert.equal(error.cause[0].scheme, 'basic')
    return true
  })
}

async function revoke(server, token) {
  const answer = await oauth.revocationRequest(server, signIn, oauth.None(), token, insecure)
  await oauth.processRevocationResponse(answer)
}

function fail(line) {
  console.error(line)
  process.exit(1)
}
