"""Verifies an access token the way a Python service would: PyJWT, with the keys fetched from the JWKS.

Told by environment: RESCIND_ISSUER_URL, RESCIND_AUDIENCE_WANTED, RESCIND_ACCESS_TOKEN, RESCIND_REFRESH_TOKEN.
Ends with status 1 and one line at the first disagreement. Prints the verified claims as JSON.
"""

import base64
import json
import os
import sys

import jwt

ALGORITHMS = ["EdDSA"]
REQUIRED = ["iss", "sub", "aud", "client_id", "exp", "iat", "jti", "sid", "tenant_id", "role", "token_type"]


def main():
    issuer = setting("RESCIND_ISSUER_URL")
    audience = setting("RESCIND_AUDIENCE_WANTED")
    token = setting("RESCIND_ACCESS_TOKEN")
    keys = jwt.PyJWKClient(issuer + "/.well-known/jwks.json")

    check(jwt.get_unverified_header(token).get("typ") == "at+jwt", "typ of an access token is at+jwt (RFC 9068)")
    claims = verify(keys, token, issuer, audience)
    check(claims["token_type"] == "access", "token_type is access")
    check(claims["sub"] == claims["user_id"], "sub is the user")

    refused("a changed claim", lambda: verify(keys, with_claim(token, "role", "admin"), issuer, audience))
    refused("a changed signature", lambda: verify(keys, with_flipped_signature(token), issuer, audience))
    refused("another issuer", lambda: verify(keys, token, issuer + "/", audience))
    refused("another audience", lambda: verify(keys, token, issuer, audience + "/other"))
    # Signed with a key that is never published: a service that is handed one by mistake finds no key for it.
    refused("a refresh token", lambda: verify(keys, setting("RESCIND_REFRESH_TOKEN"), issuer, issuer))

    print(json.dumps(claims))


def verify(keys, token, issuer, audience):
    key = keys.get_signing_key_from_jwt(token)
    return jwt.decode(
        token, key, algorithms=ALGORITHMS, issuer=issuer, audience=audience, options={"require": REQUIRED}
    )


def refused(what, attempt):
    try:
        attempt()
    except jwt.PyJWTError:
        return
    fail(f"{what} was accepted")


def with_claim(token, name, value):
    header, payload, signature = token.split(".")
    claims = json.loads(decode(payload))
    check(claims.get(name) != value, f"the test needs a token whose {name} is not {value}")
    claims[name] = value
    return ".".join([header, encode(json.dumps(claims).encode()), signature])


def with_flipped_signature(token):
    head, signature = token.rsplit(".", 1)
    raw = bytearray(decode(signature))
    raw[0] ^= 1
    return f"{head}.{encode(bytes(raw))}"


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encode(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def setting(name):
    value = os.environ.get(name)
    check(value, f"{name} is set")
    return value


def check(holds, what):
    if not holds:
        fail(f"does not hold: {what}")


def fail(line):
    print(line, file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except jwt.PyJWTError as error:
        fail(f"PyJWT refuses: {type(error).__name__}: {error}")
