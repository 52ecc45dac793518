"""flask-jwt-extended with its blocklist in Redis, as its documentation has it."""

import base64
import os

import redis
from flask import Flask, jsonify
from flask_jwt_extended import JWTManager, jwt_required

app = Flask(__name__)
app.config["JWT_ALGORITHM"] = "HS256"
app.config["JWT_SECRET_KEY"] = base64.b64decode(os.environ["SECRET"])
app.config["JWT_DECODE_ISSUER"] = os.environ["ISSUER"]
app.config["JWT_DECODE_AUDIENCE"] = os.environ["AUDIENCE"]
jwt = JWTManager(app)
blocklist = redis.Redis.from_url(os.environ["REDIS_URL"])


@jwt.token_in_blocklist_loader
def is_revoked(_header, claims):
    return blocklist.get(f"revoked:{claims['jti']}") is not None


@app.get("/open")
def open_route():
    return jsonify("hello")


@app.get("/protected")
@jwt_required()
def protected():
    return jsonify("hello")
