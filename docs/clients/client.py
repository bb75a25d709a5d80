#!/usr/bin/env python3
"""A client of Stevedore's HTTP API in Python (3.8 or newer), with its standard library alone. Prints JSON.

  client.py checksum IMAGE     the image's checksum, computed unless it is stored already
  client.py store FILE         uploads an archive in parts, goes on after a broken one, and stores it as an image
  client.py follow QUEUE JOB   what happens to a job until it ends; goes on where it was if the connection breaks
  client.py batch              the checksums of all images; exit code 1 if one has failed
"""
import base64, hashlib, http.client, json, os, sys, time, urllib.error, urllib.parse, urllib.request, uuid

URL = os.environ.get("STEVEDORE_URL", "http://127.0.0.1:7878")
TOKEN = os.environ.get("STEVEDORE_TOKEN", "")
PART = 8 * 1024 * 1024
BROKEN = (ConnectionError, http.client.HTTPException, TimeoutError, urllib.error.URLError)


class Problem(Exception):
    """What the API refused: a problem document, whose `code` is stable."""

    def __init__(self, document):
        super().__init__("{code}: {detail}".format(**document))
        self.code = document["code"]
        self.status = document["status"]


def ask(method, path, body=None, headers={}):
    """Sends a request and returns the answer, which is open."""
    request = urllib.request.Request(URL + path, body, dict(headers), method=method)
    if TOKEN:
        request.add_header("Authorization", "Bearer " + TOKEN)
    try:
        return urllib.request.urlopen(request, timeout=330)
    except urllib.error.HTTPError as error:
        if error.headers.get_content_type() == "application/problem+json":
            raise Problem(json.load(error)) from None
        raise


def run(job, data):
    """Enqueues a job and waits for its result, five minutes at a time. The key makes the same job of each try."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": json.dumps(str(uuid.uuid4()))}
    while True:
        with ask("POST", f"/api/v1/jobs/{job}?wait=300", json.dumps(data).encode(), headers) as answer:
            record = json.load(answer)
        if record["state"] == "completed":
            return record["result"]


def upload(file):
    """Brings an archive in parts, each with its digest, and returns what a store job takes."""
    path = f"/api/v1/uploads/{uuid.uuid4()}"
    total = os.path.getsize(file)
    there = 0
    with open(file, "rb") as archive:
        while True:
            archive.seek(there)
            part = archive.read(PART)
            digest = base64.b64encode(hashlib.sha256(part).digest()).decode()
            headers = {
                "Content-Type": "application/octet-stream",
                "Content-Range": f"bytes {there}-{there + len(part) - 1}/{total}",
                "Content-Digest": f"sha-256=:{digest}:",
            }
            try:
                with ask("PUT", path, part, headers) as answer:
                    state = json.load(answer)
                    if answer.status == 201:
                        return state["upload"]
            except BROKEN:
                time.sleep(1)
                with ask("GET", path) as answer:
                    state = json.load(answer)
            there = state["bytes"]


def events(queue, job):
    """The events of a job, as (name, data), until it ends."""
    path = f"/api/v1/jobs/{urllib.parse.quote(queue)}/{urllib.parse.quote(job)}/events"
    last, name, data = "", "", ""
    while True:
        try:
            with ask("GET", path, headers={"Last-Event-ID": last} if last else {}) as stream:
                if stream.status == 204:
                    return
                for line in stream:
                    field, _, value = line.decode().rstrip("\n").partition(": ")
                    if field == "id":
                        last = value
                    elif field == "event":
                        name = value
                    elif field == "data":
                        data = json.loads(value)
                    elif line == b"\n" and name:
                        yield name, data
                        if name == "state" and data["state"] in ("completed", "failed"):
                            return
                        name = ""
        except BROKEN:
            pass
        time.sleep(1)


def main(command="", *args):
    if command == "checksum":
        print(json.dumps(run("checksum", {"id": args[0]})))
    elif command == "store":
        print(json.dumps(run("store", {"layer": {"upload": upload(args[0])}})))
    elif command == "follow":
        for name, data in events(*args):
            print(name, json.dumps(data), flush=True)
    elif command == "batch":
        result = run("checksum-graph", {})
        print(json.dumps(result))
        return 1 if result["failed"] else 0
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except Problem as problem:
        sys.exit(str(problem))
