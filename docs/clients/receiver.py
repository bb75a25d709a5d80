#!/usr/bin/env python3
"""Receives callbacks: checks that Stevedore sent them, and prints a line for each job that ended.

    NOTIFY_SECRET=whsec_... PORT=8080 python3 receiver.py

Python 3.8 or newer, nothing to install.
"""
import base64
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = base64.b64decode(os.environ["NOTIFY_SECRET"].split("whsec_", 1)[-1])
TOLERANCE = 300  # How old a message may be, or how far ahead its clock, in seconds.
LONGEST = 2 * 1024**2  # How large a message may be, in bytes.
taken = set()  # Each message may come more than once. A service keeps them where it keeps its work.


def is_sound(headers, body):
    """Whether Stevedore sent these bytes lately."""
    message, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > TOLERANCE:
        return False
    signed = f"{message}.{timestamp}.".encode() + body
    expected = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
    # One signature for each secret of the sender: while it changes its secret there are two.
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(each.encode(), f"v1,{expected}".encode()) for each in given)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("content-length") or 0)
        if length > LONGEST:
            return self.answer(413)
        body = self.rfile.read(length)
        if not is_sound(self.headers, body):
            return self.answer(401)
        message = self.headers["webhook-id"]
        if message not in taken:
            taken.add(message)
            job = json.loads(body)
            print(job["name"], job["id"], job["failedReason"] or job["state"], flush=True)
        # Any 2xx within 15 s; whatever takes longer is done afterwards. 410 ends the tries for good.
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer((os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8080"))), Receiver)
print(f"listening on port {server.server_port}", flush=True)
server.serve_forever()
