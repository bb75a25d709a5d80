#!/bin/sh
# What the image runs: `server` as a user who may read every layer and write nothing but inbox and outbox, all else as it is.
set -eu

if [ "${1:-}" != server ] || [ "$(id -u)" -ne 0 ]; then
  exec stevedore "$@"
fi

user=10001
root=${STEVEDORE_ROOT:-/var/lib/stevedore}

# Bit 2 is CAP_DAC_READ_SEARCH (capabilities(7)), which container engines do not give by themselves.
bounding=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)
if [ $((0x$bounding & 4)) -eq 0 ]; then
  echo "stevedore: the server needs the capability to read every layer: --cap-add DAC_READ_SEARCH" >&2
  exit 1
fi

for directory in "$root/inbox" "$root/outbox"; do
  mkdir -p "$directory"
  chown "$user:$user" "$directory"
  chmod 0700 "$directory"
done
exec setpriv --reuid="$user" --regid="$user" --clear-groups --no-new-privs \
  --bounding-set=-all,+dac_read_search --inh-caps=-all,+dac_read_search --ambient-caps=-all,+dac_read_search \
  stevedore "$@"
