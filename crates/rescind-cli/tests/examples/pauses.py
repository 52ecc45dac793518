"""Runs the feed's reader of a service in Python, by a script of answers and on a clock that does not run: what it asks for, how long it pauses."""

import os, random, sys, threading, time

import requests

SNAPSHOT = "/api/v1/feed/snapshot"
SCRIPT = [(SNAPSHOT, 200), *[("/api/v1/feed/events?after=1-a", status) for status in (503, 503, 503, 410)], (SNAPSHOT, 0)]


def answer(_, request, **__):
    (path, status), asked = SCRIPT.pop(0), request.path_url
    print("asks", asked)
    if not status or asked != path:
        sys.exit()
    response = requests.Response()
    response.status_code, response.request, response.url = status, request, request.url
    response._content = b'{"marks": [], "cursor": "1-a"}'
    return response


requests.adapters.HTTPAdapter.send = answer
random.uniform = lambda least, _: least
time.sleep = lambda seconds: print("pauses", seconds)
# It begins when it is told to, and not as it is loaded.
threading.Thread.start = lambda _: None
sys.path.insert(0, os.path.dirname(sys.argv[1]))

import service

service.follow()
