#!/usr/bin/env bash
# A client of Stevedore's HTTP API in bash and curl (7.82 or newer). Prints JSON.
#
#   client.sh checksum IMAGE     the image's checksum, computed unless it is stored already
#   client.sh store FILE         uploads an archive with its digest and stores it as an image
#   client.sh follow QUEUE JOB   what happens to a job until it ends; goes on where it was if the connection breaks
#   client.sh batch              the checksums of all images; exit code 1 if one has failed
set -euo pipefail

url=${STEVEDORE_URL:-http://127.0.0.1:7878}

# api PATH [ARGUMENTS OF CURL...]: fails with the problem document on stdout for a status of 400 and above.
api() {
  local path=$1
  shift
  curl --silent --show-error --fail-with-body --header "Authorization: Bearer ${STEVEDORE_TOKEN:-}" "$@" "$url$path"
}

# run JOB DATA: enqueues a job and waits for its end, five minutes at a time. The key makes the same job of each try.
run() {
  local key record
  key=$(cat /proc/sys/kernel/random/uuid)
  until
    record=$(api "/api/v1/jobs/$1?wait=300" --header "Idempotency-Key: \"$key\"" --json "$2") || { echo "$record" >&2; return 1; }
    [[ $record == *'"state":"completed"'* ]]
  do :; done
  echo "$record"
}

store() {
  local digest upload
  digest=$(openssl dgst -sha256 -binary "$1" | base64)
  upload=$(api /api/v1/uploads --upload-file "$1" --header "Content-Digest: sha-256=:$digest:")
  upload=$(sed -E 's/.*"upload":"([^"]+)".*/\1/' <<<"$upload")
  run store "{\"layer\": {\"upload\": \"$upload\"}}"
}

follow() {
  local last="" event="" line
  while :; do
    while IFS= read -r line; do
      case $line in
        "id: "*) last=${line#id: } ;;
        "event: "*) event=${line#event: } ;;
        "data: "*)
          echo "$event ${line#data: }"
          [[ $event$line != state*'"state":"'@(completed|failed)'"'* ]] || return 0
          ;;
      esac
    done < <(api "/api/v1/jobs/$1/$2/events" --no-buffer ${last:+--header "Last-Event-ID: $last"})
    sleep 1
  done
}

case ${1:-} in
  checksum) run checksum "{\"id\": \"$2\"}" ;;
  store) store "$2" ;;
  follow) follow "$2" "$3" ;;
  batch)
    record=$(run checksum-graph '{}')
    echo "$record"
    [[ $record == *'"failed":[]'* ]]
    ;;
  *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
