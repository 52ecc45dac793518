// Loaded before a service in Node: its reader of the feed gets answers by a script, on a clock that does not run. What it asks for, how long it pauses.

import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers/promises'

const SNAPSHOT = '/api/v1/feed/snapshot'
const SCRIPT = [
  [SNAPSHOT, 200], ...[503, 503, 503, 410].map((status) => ['/api/v1/feed/events?after=1-a', status]), [SNAPSHOT, 0],
]

globalThis.fetch = async (url) => {
  const [path, status] = SCRIPT.shift(), { pathname, search } = new URL(url)
  console.log('asks', pathname + search)
  if (!status || pathname + search !== path) process.exit()
  return Response.json({ marks: [], cursor: '1-a' }, { status, headers: { 'rescind-tenant': '*' } })
}
Math.random = () => 0
timers.setTimeout = async (milliseconds) => console.log('pauses', (milliseconds / 1000).toFixed(1))
syncBuiltinESMExports()
