#!/bin/bash
# bash test/chaos/namespaces.sh [MEBIBYTES]: the checksum of one layer by a worker and three compressors, each in a network
# namespace of its own, around a Redis. While they are at it one compressor is killed, the link of one goes down, and that
# of one is slow. The checksum must be that of the shell line. Needs root, iproute2, redis-server, and a build.
set -euo pipefail

size=${1:-256}
stevedore=$(realpath "$(dirname "$0")/../../dist/cli/main.js")
node=$(command -v node)
scratch=$(mktemp -d)
# Names of links have 15 characters at most.
tag=sv$(($$ % 10000))
redis=redis://10.213.0.1:6379
worker=10.213.0.2
declare -A host=([killed]=10.213.0.11 [unplugged]=10.213.0.12 [slow]=10.213.0.13 [worker]=$worker)
pids=()

cleanup() {
  kill -9 "${pids[@]}" 2> /dev/null || true
  wait 2> /dev/null || true
  for name in hub "${!host[@]}"; do ip netns del "$tag-$name" 2> /dev/null || true; done
  rm -rf "$scratch"
}
trap cleanup EXIT

say() { printf '%s  %s\n' "$(date +%T)" "$*"; }
# Runs in the place of the shell that calls it, so that its process is the one that is told of.
within() { exec ip netns exec "$tag-$1" "${@:2}"; }
waitFor() { # FILE PATTERN
  for _ in $(seq 600); do grep -q "$2" "$1" && return 0; sleep 0.1; done
  echo "never said: $2" >&2; cat "$1" >&2; return 1
}
compressor() { # NAME
  touch "$scratch/$1.log"
  # As nobody, without a capability, who may neither write nor read what is not everybody's.
  (within "$1" setpriv --reuid nobody --regid nogroup --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs \
    env -i PATH="$PATH" "$node" "$stevedore" compressor --redis "$redis" --host "$1" --threads 1) \
    > "$scratch/$1.log" 2>&1 &
  pids+=($!)
  pid[$1]=$!
  # So that the shell does not tell of its end.
  disown
}
declare -A pid

ip netns add "$tag-hub"
ip -n "$tag-hub" link set lo up
ip -n "$tag-hub" link add bridge type bridge
ip -n "$tag-hub" addr add 10.213.0.1/24 dev bridge
ip -n "$tag-hub" link set bridge up
for name in "${!host[@]}"; do
  ip netns add "$tag-$name"
  ip link add "${tag}p" netns "$tag-$name" type veth peer name "$name" netns "$tag-hub"
  ip -n "$tag-$name" link set lo up
  ip -n "$tag-$name" addr add "${host[$name]}/24" dev "${tag}p"
  ip -n "$tag-$name" link set "${tag}p" up
  ip -n "$tag-hub" link set "$name" master bridge up
done
# Some seconds for a block, each way. Where the kernel has netem, it is late as well.
for end in "$tag-hub:slow" "$tag-slow:${tag}p"; do
  ip netns exec "${end%%:*}" tc qdisc add dev "${end#*:}" root netem delay 100ms rate 20mbit 2> /dev/null ||
    ip netns exec "${end%%:*}" tc qdisc add dev "${end#*:}" root tbf rate 20mbit burst 64kb latency 500ms
done
say "slow: $(ip netns exec "$tag-hub" tc qdisc show dev slow | head -1)"

(within hub redis-server --bind 10.213.0.1 --port 6379 --protected-mode no --save '' --dir "$scratch") > /dev/null &
pids+=($!)
mkdir -p "$scratch/root/graph/large/layer"
chmod 755 "$scratch"
printf '{"id":"large"}' > "$scratch/root/graph/large/json"
# 8 MiB of it take xz -1 some tenths of a second, and no two blocks are the same.
for _ in $(seq "$size"); do head -c 400000 /dev/urandom; head -c 648576 /dev/zero; done > "$scratch/root/graph/large/layer/file"

(within worker env -i PATH="$PATH" "$node" "$stevedore" worker --root "$scratch/root" --redis "$redis" --threads 1) \
  > "$scratch/worker.log" 2>&1 &
pids+=($!)
workerPid=$!
touch "$scratch/worker.log"
for name in killed unplugged slow; do compressor "$name"; done
waitFor "$scratch/worker.log" ' serving '
for name in killed unplugged slow; do waitFor "$scratch/$name.log" ' compressing '; done
say "compressors run as $(ps -o user= -p "${pid[slow]}"), with the capabilities $(sed -n 's/^CapEff:\t//p' "/proc/${pid[slow]}/status")"

began=$(date +%s%N)
(within worker env -i PATH="$PATH" "$node" "$stevedore" checksum large --recipe xz-1 --redis "$redis" --json) \
  > "$scratch/result.json" 2> "$scratch/checksum.log" &
job=$!
pids+=($job)
# What compressors have reported within the last twenty seconds, as every view of them has it.
shown() { # WHEN
  say "reported $1:"
  for id in $(ip netns exec "$tag-hub" redis-cli -h 10.213.0.1 zrange '{stevedore:default}:compressors' 0 -1); do
    ip netns exec "$tag-hub" redis-cli -h 10.213.0.1 get "{stevedore:default}:compressor:$id"
  done | "$node" -e '
    for (const line of require("fs").readFileSync(0, "utf8").split("\n")) {
      if (!line.startsWith("{")) continue;
      const { host, slots, at, metrics } = JSON.parse(line);
      const made = metrics.find(({ name }) => name === "stevedore_compressor_blocks_total").values;
      const told = made.filter(({ value }) => value > 0).map(({ labels, value }) => `${value} ${labels.outcome}`);
      console.log(`          ${host}: ${slots.busy} of ${slots.total} slots busy, blocks: ${told.join(", ") || "none"}, ` +
        `${((Date.now() - at) / 1000).toFixed(0)} s ago`);
    }
  '
}
sleep 4
shown "before that"
kill -9 "${pid[killed]}"
say "killed one"
ip -n "$tag-hub" link set unplugged down
say "unplugged one"
sleep 12
shown "12 s later"
wait "$job" || { cat "$scratch/checksum.log" "$scratch/result.json"; exit 1; }
say "done after $((($(date +%s%N) - began) / 1000000)) ms: $(cat "$scratch/result.json")"
grep -v 'job ' "$scratch/worker.log" | sed 's/^/          worker: /' | tail -8

# As docs/checksums.md has it.
line="{ cat json; echo; tar --sort=name --format=posix --numeric-owner \
  --pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' \
  --xattrs --xattrs-include=security.capability --xattrs-include='user.*' -C layer -cf - . |
  xz -1 --check=crc64 --block-size=8MiB -T2; } | sha256sum"
expected=sha256:$(cd "$scratch/root/graph/large" && bash -o pipefail -c "$line" | head -c 64)
say "the shell line:  $expected"
left=$(ls -A "$scratch/root/blocks")
keys=$(ip netns exec "$tag-hub" redis-cli -h 10.213.0.1 --scan --pattern '{stevedore:default:*' | wc -l)
say "left: ${left:-nothing} in blocks/, $keys blocks in Redis"
kill -TERM "$workerPid" "${pid[slow]}"
grep -q "\"checksum\":\"$expected\"" "$scratch/result.json" || { say "the checksum DIFFERS"; exit 1; }
[ -z "$left" ] || exit 1
say "the checksum is that of the shell line"
