"""A service that takes Rescind's access tokens: PyJWT checks them, the feed tells which are revoked (docs/feed.md)."""

import hashlib, json, os, random, threading, time
from datetime import UTC, datetime, timedelta

import flask, jwt, requests, sseclient

# The authority's URL, which is also the issuer of its tokens; what they are for; an API client with the scope `feed`.
AUTHORITY, AUDIENCE, *CLIENT = (os.environ[name] for name in ("AUTHORITY", "AUDIENCE", "CLIENT_ID", "CLIENT_SECRET"))
MAX_STALENESS, LEEWAY = timedelta(seconds=float(os.environ.get("MAX_STALENESS", 300))), timedelta(seconds=30)
RULES = dict(algorithms=["EdDSA"], issuer=AUTHORITY, audience=AUDIENCE, leeway=LEEWAY, options={"require": ["exp"]})
# What of a token the marks of each kind name.
NAMED = dict(token="jti", session="sid", user="user_id", tenant="tenant_id", client="client_id",
             key="kid", digest="digest")

# Kept for good, since the feed tells of keys that are cut. For an unknown one it looks again, at most every 5 s.
keys = jwt.PyJWKClient(AUTHORITY + "/.well-known/jwks.json", lifespan=float("inf"), cooldown_duration=5, timeout=2)
marks = {}  # (kind, tenant or None: everybody's, key) → (the least version that lives, when it may be forgotten)
as_of = datetime.fromtimestamp(0, UTC)  # all that was revoked before then is in `marks`; at first nothing is known
feed = requests.Session()
feed.auth, feed.hooks["response"] = tuple(CLIENT), lambda answer, **_: answer.raise_for_status()
app = flask.Flask(__name__)


def follow(cursor=None, pause=0.5):
    """Follows the feed for ever. Whatever goes wrong, `as_of` stands still until it is right again."""
    global as_of, marks
    while True:
        try:
            if not cursor:
                learn(*(snapshot := feed.get(f"{AUTHORITY}/api/v1/feed/snapshot", timeout=20).json())["marks"])
                cursor = snapshot["cursor"]
            events = feed.get(f"{AUTHORITY}/api/v1/feed/events?after={cursor}", stream=True, timeout=20)
            # What other tenants have revoked is not told to a client that a tenant binds.
            if events.headers.get("Rescind-Tenant") != "*": raise ValueError("not every tenant's feed")
            for event in sseclient.SSEClient(events).events():
                if event.event == "revocation":
                    learn(json.loads(event.data))
                elif event.event == "heartbeat":
                    as_of, pause = datetime.fromisoformat(json.loads(event.data)["as_of"]), 0.5
                    marks = {name: mark for name, mark in marks.items() if mark[1] + 2 * LEEWAY > as_of}
                cursor = event.id or cursor
        except Exception as error:
            app.logger.warning("the feed: %s", error)
            # 410: purged, or another history. A snapshot adds to what is known, for that was revoked once. Taken soon.
            cursor, pause = (None, 0.5) if str(error).startswith("410 ") else (cursor, pause)
        time.sleep(random.uniform(1, 1.5) * (pause := min(2 * pause, 30)))


def learn(*news):
    for mark in news:
        name = mark["kind"], mark["tenant_id"], mark["key"]
        new = mark["min_version"] or float("inf"), datetime.fromisoformat(mark["expires_at"] or "9999-12-31T00:00Z")
        marks[name] = tuple(map(max, new, marks.get(name, new)))
        NAMED[mark["kind"]]  # an unknown kind ends it here, and nothing gets fresher: update this program


def is_revoked(token):
    names = [(kind, tenant, token[of]) for kind, of in NAMED.items() for tenant in (None, token["tenant_id"])]
    return any(token["tver" if name[0] == "tenant" else "ver"] < marks.get(name, (0,))[0] for name in names)


@app.before_request
def refuse_without_knowledge():
    """No route is reached before the feed was read, nor where the authority was not heard of for too long."""
    return None if -LEEWAY <= datetime.now(UTC) - as_of <= MAX_STALENESS else ("what is revoked is not known", 503)


@app.errorhandler(jwt.PyJWTError)
def refuse(error):
    """A good token's key may be one that cannot be fetched now. All else that PyJWT says is the token's fault."""
    return str(error), 503 if isinstance(error, jwt.PyJWKClientConnectionError) else 401, {"WWW-Authenticate": "Bearer"}


@app.get("/me")
def me():
    # No scheme but Bearer, however it is written: Flask has it in small letters.
    token = (given := flask.request.authorization) and given.type == "bearer" and given.token or ""
    parts = jwt.decode_complete(token, keys.get_signing_key_from_jwt(token), **RULES)
    digest = hashlib.sha256(token.rpartition(".")[0].encode()).hexdigest()
    if parts["header"].get("typ") != "at+jwt" or is_revoked({**parts["payload"], **parts["header"], "digest": digest}):
        raise jwt.InvalidTokenError("of another type, or revoked")
    return parts["payload"]


app.add_url_rule("/healthz", view_func=lambda: {"as_of": as_of.isoformat()})
threading.Thread(target=follow, daemon=True).start()
