#!/usr/bin/env bash
# Enqueues a job for Stevedore by redis-cli, waits for its end and prints its result as JSON. Needs enqueue.lua beside it.
#
#   enqueue.sh QUEUE JOB DATA     enqueue.sh checksum checksum '{"id":"base"}'
#
# STEVEDORE_REDIS_URL says where Redis is, STEVEDORE_GRAPH which graph is meant. JOB_ID makes a repeat harmless.
set -euo pipefail

queue=$1 job=$2 data=$3
id=${JOB_ID:-sh-$(cat /proc/sys/kernel/random/uuid)}
key="{stevedore:${STEVEDORE_GRAPH:-default}}:$queue"
redis() { redis-cli -u "${STEVEDORE_REDIS_URL:-redis://127.0.0.1:6379}" "$@"; }

added=$(redis --eval "$(dirname "$0")/enqueue.lua" \
  "$key:$id" "$key:wait" "$key:meta" "$key:events" "$key:marker" , "$id" "$job" "$data")
case $added in
  0 | 1) ;;
  *) printf '%s\n' "$added" >&2 && exit 2 ;;
esac

# finishedOn stands in the record once the job has ended; before that an earlier try may have left a failedReason.
until [[ -n $(redis HGET "$key:$id" finishedOn) ]]; do
  if [[ $(redis EXISTS "$key:$id") == 0 ]]; then
    printf 'JOB_NOT_FOUND: the record of %s is gone\n' "$id" >&2
    exit 1
  fi
  # Whatever happens in the queue ends this, or a second.
  redis XREAD BLOCK 1000 STREAMS "$key:events" '$' >/dev/null
done
reason=$(redis HGET "$key:$id" failedReason)
if [[ -n $reason ]]; then
  printf '%s\n' "$reason" >&2
  exit 1
fi
redis HGET "$key:$id" returnvalue
