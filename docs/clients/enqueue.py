#!/usr/bin/python3
"""Enqueues a job for Stevedore by redis-py (Debian: python3-redis), waits for its end and prints its result as JSON.

    enqueue.py QUEUE JOB DATA     enqueue.py checksum checksum '{"id": "base"}'

STEVEDORE_REDIS_URL says where Redis is, STEVEDORE_GRAPH which graph is meant. JOB_ID makes a repeat harmless. Needs
enqueue.lua beside it.
"""
import json
import os
import pathlib
import sys
import uuid

import redis


class JobError(Exception):
    """A job that failed: `CODE: message`."""


class Queue:
    """A queue of a graph, such as `store`, `checksum` or `mount`."""

    def __init__(self, client, name, graph="default"):
        self.client = client
        self.key = f"{{stevedore:{graph}}}:{name}"
        self.script = client.register_script(pathlib.Path(__file__).with_name("enqueue.lua").read_text())

    def enqueue(self, job, data, job_id=None):
        """Enqueues a job and returns its id. A job of an id that is there already is not added again."""
        job_id = job_id or f"py-{uuid.uuid4()}"
        keys = [f"{self.key}:{part}" for part in (job_id, "wait", "meta", "events", "marker")]
        self.script(keys=keys, args=[job_id, job, json.dumps(data)])
        return job_id

    def wait(self, job_id):
        """Returns the result of a job once it has ended. Raises JobError if it has failed, or its record is gone."""
        seen = self.newest_event()
        while True:
            record = self.client.hgetall(f"{self.key}:{job_id}")
            if not record:
                raise JobError(f"JOB_NOT_FOUND: the record of {job_id} is gone")
            # Before finishedOn is there, an earlier try may have left a failedReason.
            if "finishedOn" in record:
                if record.get("failedReason"):
                    raise JobError(record["failedReason"])
                return json.loads(record["returnvalue"])
            seen = self.wait_for_event(job_id, seen)

    def newest_event(self):
        newest = self.client.xrevrange(f"{self.key}:events", count=1)
        return newest[0][0] if newest else "0-0"

    def wait_for_event(self, job_id, seen):
        """Returns when the job has ended, or after five seconds, with the last event that it has seen."""
        for _ in range(5):
            for _, events in self.client.xread({f"{self.key}:events": seen}, block=1000):
                for seen, event in events:
                    if event.get("jobId") == job_id and event["event"] in ("completed", "failed", "removed"):
                        return seen
        return seen


def main(queue_name, job, data):
    url = os.environ.get("STEVEDORE_REDIS_URL", "redis://127.0.0.1:6379")
    client = redis.Redis.from_url(url, decode_responses=True)
    queue = Queue(client, queue_name, os.environ.get("STEVEDORE_GRAPH", "default"))
    job_id = queue.enqueue(job, json.loads(data), os.environ.get("JOB_ID"))
    try:
        print(json.dumps(queue.wait(job_id)))
    except JobError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
