"""Runs programs with Python's own `requests`: the other half of record-requests.ts.
Reads a line of JSON for each (`source`, `url`) and writes a line with what is in `result`."""

import json
import sys

import requests

KINDS = (
    "RequestException HTTPError ConnectionError ProxyError SSLError Timeout ConnectTimeout ReadTimeout TooManyRedirects "
    "MissingSchema InvalidSchema InvalidURL InvalidHeader InvalidJSONError JSONDecodeError ChunkedEncodingError "
    "ContentDecodingError"
).split()

for line in sys.stdin:
    task = json.loads(line)
    names = {
        "requests": requests,
        "json": json,
        "url": task["url"],
        "KINDS": KINDS,
        "named": lambda kind: getattr(requests.exceptions, kind),
    }
    exec(task["source"], names)
    print(json.dumps(names["result"]), flush=True)
