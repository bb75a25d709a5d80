#!/bin/bash
# bash test/chaos/nfs.sh [--rounds N] [--seed S] [--probe]: a worker whose root lies on NFS, and a second one on another host,
# which must be refused. Each runs on a kernel of its own (user-mode Linux), as does the NFS server (that of the kernel, 4.2 over
# ext4), around a Redis in a network namespace. The worker is killed, and its whole host, which comes back; the auditor of the
# trials judges, from a third host. With --probe it tells what the file system can do instead. Needs root, /dev/net/tun,
# iproute2, e2fsprogs, redis, busybox, nfs-common, apt-get, a build.
set -euo pipefail

rounds=3 seed=$((RANDOM * 32768 + RANDOM)) program=play
while [ $# -gt 0 ]; do
  case $1 in
    --rounds) rounds=$2; shift 2 ;;
    --seed) seed=$2; shift 2 ;;
    --probe) program=probe; shift ;;
    *) echo "unknown: $1" >&2; exit 2 ;;
  esac
done
project=$(realpath "$(dirname "$0")/../..")
scratch=$(mktemp -d)
space=svnfs$(($$ % 10000))
hub=10.214.0.1
declare -A address=([server]=10.214.0.2 [one]=10.214.0.11 [two]=10.214.0.12 [auditor]=10.214.0.20)
declare -A pid=()

say() { printf '%s  %s\n' "$(date +%T)" "$*"; }
cleanup() {
  for running in "${pid[@]}"; do kill -9 -- "-$running" 2> /dev/null || true; done
  wait 2> /dev/null || true
  ip netns del "$space" 2> /dev/null || true
  if [ -n "${KEEP:-}" ]; then echo "logs: $scratch"; else rm -rf "$scratch"; fi
}
trap cleanup EXIT

# Unpacked, not installed: nothing of it is to serve this host.
(cd "$scratch" && apt-get download user-mode-linux nfs-kernel-server > /dev/null 2>&1 &&
  for package in *.deb; do dpkg -x "$package" .; done && rm ./*.deb)
cp "$scratch/usr/bin/linux.uml" "$scratch/kernel"
truncate -s 2G "$scratch/disk"
mkfs.ext4 -q "$scratch/disk"
cp "$project/test/chaos/nfs/guest.sh" "$scratch/guest.sh"
chmod 755 "$scratch/guest.sh" "$scratch"

ip netns add "$space"
ip -n "$space" link set lo up
ip -n "$space" link add bridge type bridge
ip -n "$space" addr add $hub/24 dev bridge
ip -n "$space" link set bridge up
for name in "${!address[@]}"; do
  ip netns exec "$space" ip tuntap add dev "$name" mode tap
  ip -n "$space" link set "$name" master bridge up
done
# Each leads a group of its own, so that all of a kernel can be killed.
within() { exec setsid ip netns exec "$space" "$@"; }
ask() { ip netns exec "$space" redis-cli -h $hub "$@"; }

boot() { # NAME ROLE [PARAMETER]…
  local name=$1 role=$2
  shift 2
  local disk=()
  [ "$role" != server ] || disk=("ubd0=$scratch/disk")
  (within "$scratch/kernel" mem=768M "umid=$space$name" "uml_dir=$scratch/" "${disk[@]}" \
    "vec0:transport=tap,ifname=$name,depth=64" root=none rootfstype=hostfs rootflags=/ rw con=null con0=null,fd:1 \
    "init=$scratch/guest.sh" "sv_role=$role" "sv_name=$name" "sv_address=${address[$name]}" "sv_dir=$scratch" \
    "sv_server=${address[server]}" "sv_redis=$hub" "sv_stevedore=$project/dist/cli/main.js" "sv_project=$project" "$@") \
    > "$scratch/$name.console" 2>&1 < /dev/null &
  pid[$name]=$!
  disown
}
waitFor() { # FILE PATTERN
  for _ in $(seq 2400); do grep -q "$2" "$1" 2> /dev/null && return 0; sleep 0.1; done
  echo "never said: $2" >&2
  tail -n 20 "$1" "${1%.log}.console" >&2
  return 1
}

(within redis-server --bind $hub --port 6379 --protected-mode no --save '' --dir "$scratch") > /dev/null &
pid[redis]=$!
disown
boot server server
waitFor "$scratch/server.log" 'serves'
say "the NFS server serves"
if [ "$program" = play ]; then
  boot one worker
  waitFor "$scratch/one.log" ' serving '
  say "a worker serves"
  boot two second
  waitFor "$scratch/two.log" 'ended with'
  if ! grep -q 'INVALID_OPTION' "$scratch/two.log" || grep -q 'ended with 0' "$scratch/two.log"; then
    echo "the second host was not refused:" >&2
    cat "$scratch/two.log" >&2
    exit 1
  fi
  say "the second host was refused: $(grep -m 1 'INVALID_OPTION' "$scratch/two.log")"
fi
run="node --import tsx test/chaos/nfs/$program.ts --rounds $rounds --seed $seed --redis redis://$hub:6379"
boot auditor play "sv_run=$(tr ' ' '\001' <<< "$run" | tr -d '\n')"

# Kills and boots hosts as the trial asks, until it has ended.
while :; do
  read -r list < <(ask blpop ctl:host ctl:played 5 | tr '\n' ' ') || true
  set -- ${list:-}
  case "${1:-} ${2:-}" in
    "ctl:host kill:"*)
      name=${2#kill:}
      kill -9 -- "-${pid[$name]}"
      say "killed the host $name"
      ;;
    "ctl:host boot:"*)
      name=${2#boot:}
      boot "$name" worker
      say "booted the host $name"
      ;;
    "ctl:played "*) code=$2; break ;;
  esac
  [ -e "/proc/${pid[auditor]}" ] || { echo "the auditor's host ended" >&2; tail "$scratch/auditor.log" >&2; code=1; break; }
done
cat "$scratch/auditor.out"
if [ "$code" != 0 ]; then
  for name in one two; do echo "--- $name"; tail -30 "$scratch/$name.log" 2> /dev/null || true; done
  say "seed $seed: NOT well"
fi
exit "$code"
