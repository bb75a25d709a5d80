#!/bin/bash
# The first process of a host of nfs.sh: a kernel of its own (user-mode Linux), whose files are those of the host that runs it.
# Its parameters come by the kernel's command line: sv_role, sv_name, sv_address, sv_dir and what the role needs.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
parameter() { sed -n "s/.*\<sv_$1=\([^ ]*\).*/\1/p" /proc/cmdline; }
role=$(parameter role) name=$(parameter name) dir=$(parameter dir)
exec > "$dir/$name.log" 2>&1
say() { printf '%s  %s: %s\n' "$(date +%T)" "$name" "$*"; }
declare -A loaded=()
load() {
  [ -z "${loaded[$1]:-}" ] || return 0
  loaded[$1]=1
  local file dependency
  file=$(find "$dir"/usr/lib/uml/modules/*/kernel -name "$1.ko" -o -name "${1//_/-}.ko" | head -1)
  # It may be built in.
  [ -n "$file" ] || return 0
  for dependency in $(tr '\0' '\n' < "$file" | sed -n 's/^.*depends=//p' | head -1 | tr ',' ' '); do load "$dependency"; done
  busybox insmod "$file" || say "cannot load $1"
}
for place in /run /tmp-guest; do [ ! -d $place ] || mount -t tmpfs tmpfs $place; done
mkdir -p /run/tmp /run/nfs /run/lock
export TMPDIR=/run/tmp
hostname "$name"
ip link set lo up
ip addr add "$(parameter address)/24" dev vec0
ip link set vec0 up

serve() {
  load nfsd
  mkdir -p /run/export /run/rpc_pipefs /run/nfs-state
  mount -t tmpfs tmpfs /var/lib/nfs
  mkdir -p /var/lib/nfs/{rpc_pipefs,v4recovery,sm,nfsdcltrack}
  touch /var/lib/nfs/{etab,rmtab}
  mount /dev/ubda /run/export
  mount -t nfsd nfsd /proc/fs/nfsd
  # A host that died has its locks taken after so many seconds; 90 are usual.
  echo 10 > /proc/fs/nfsd/nfsv4leasetime
  echo 10 > /proc/fs/nfsd/nfsv4gracetime
  local tools=$dir/usr/sbin
  "$tools/exportfs" -o rw,sync,no_subtree_check,no_root_squash,fsid=0 '*:/run/export'
  "$tools/rpc.mountd" -N 3
  "$tools/rpc.nfsd" -N 3 -V 4.2 4
  say "serves"
  while sleep 60; do :; done
}

mountRoot() {
  load nfsv4
  until mount -t nfs4 -o "vers=4.2,$1" "$(parameter server):/" /run/nfs; do sleep 0.5; done
}

# One worker, ended and started again as the list ctl:NAME in Redis says.
work() {
  load overlay
  mountRoot hard
  local redis=$(parameter redis) main=$(parameter stevedore) command pid
  while :; do
    node "$main" worker --root /run/nfs/root --redis "redis://$redis:6379" --graph chaos --allow-source /run/nfs \
      --host "$name" --threads 1 --grace 20 &
    pid=$!
    read -r command < <(redis-cli -h "$redis" blpop "ctl:$name" 0 | tail -1)
    say "$command"
    [ "$command" = kill ] && kill -9 $pid
    [ "$command" = stop ] && kill -TERM $pid
    wait $pid
    say "ended with $?"
    [ "$command" = kill ] || break
  done
  redis-cli -h "$redis" rpush "ctl:ended" "$name"
}

# A worker of a second host, which is to end by itself.
second() {
  load overlay
  mountRoot hard
  timeout 120 node "$(parameter stevedore)" worker --root /run/nfs/root --redis "redis://$(parameter redis):6379" \
    --graph chaos --host "$name" --threads 1
  say "ended with $?"
}

# What a program of the trial says, in a file, and how it ended, to Redis.
play() {
  load overlay
  mountRoot hard,actimeo=0,lookupcache=none
  cd "$(parameter project)" || exit
  bash -c "$(tr '\001' ' ' <<< "$(parameter run)")" > "$dir/$name.out" 2>&1
  redis-cli -h "$(parameter redis)" rpush ctl:played "$?"
}

case $role in
  server) serve ;;
  worker) work ;;
  second) second ;;
  play) play ;;
esac
sync
busybox poweroff -f
