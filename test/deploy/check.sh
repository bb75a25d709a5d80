#!/usr/bin/env bash
# The deployment for real, as docs/deploy.md tells of it: its commands are taken from there. Builds the image, brings compose
# up from nothing, runs single commands in containers, and starts systemd's units in a container whose first process is
# systemd. Each stores an archive that curl uploads, and compares its checksum with that of a line of plain shell.
#
#   npm run check:deploy              all of it: five to ten minutes
#   npm run check:deploy -- compose   or `commands`, or `systemd`: that part alone
#
# Nothing is pulled: debootstrap, Debian's packages and npm's make what stands in for the images of the registry. Skipped where
# no Docker engine can be had. The last line is "N passed, N failed". Needs root.
set -uo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
scratch=$(mktemp --directory --tmpdir stevedore-deploy-XXXXXX)
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
passed=0 failed=0 skipped=0
dockerd=

main() {
  local parts=("$@")
  ((${#parts[@]} > 0)) || parts=(compose commands systemd)
  trap finish EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  if ! start_engine; then
    skipped=${#parts[@]}
    return
  fi
  step "base images" make_bases && step "the image" build_image || return
  local part
  for part in "${parts[@]}"; do step "$part" "check_$part"; done
}

# step NAME COMMAND...: runs it in a shell that ends with its first error, and counts how it went.
step() {
  local name=$1 began=$SECONDS status
  shift
  printf '\n== %s\n' "$name"
  (
    set -e
    "$@"
  )
  status=$?
  printf '== %s: %s after %d s\n' "$name" "$( ((status == 0)) && echo ok || echo "FAILED ($status)")" $((SECONDS - began))
  if ((status == 0)); then ((passed += 1)); else ((failed += 1)); fi
  return "$status"
}

finish() {
  local status=$?
  trap - EXIT
  if [[ -n $dockerd ]]; then
    docker ps --quiet | xargs --no-run-if-empty docker kill >"$scratch/killed" 2>&1
    kill "$dockerd" 2>/dev/null
    wait "$dockerd" 2>/dev/null
  fi
  findmnt --noheadings --list --output TARGET | grep -F "$scratch/" | sort --reverse | xargs --no-run-if-empty umount --lazy
  rm --recursive --force --one-file-system -- "$scratch"
  ((status == 0 || failed > 0)) || failed=1
  printf '\n%d passed, %d failed' "$passed" "$failed"
  ((skipped == 0)) || printf ', %d skipped' "$skipped"
  printf '\n'
  exit $((failed > 0))
}

# A dockerd whose files all lie in the scratch directory. It leaves the host's firewall alone, so containers reach nothing
# beyond each other and builds use the host's network.
start_engine() {
  if ((EUID != 0)) || ! command -v dockerd docker >/dev/null; then
    echo "skipped: a Docker engine takes root and Debian's package docker.io"
    return 1
  fi
  mkdir -p "$scratch/home/.docker/cli-plugins"
  setpriv --pdeathsig TERM dockerd --data-root "$scratch/data" --exec-root "$scratch/exec" --pidfile "$scratch/pid" \
    -H "unix://$scratch/docker.sock" --bridge=none --iptables=false --ip-masq=false >"$scratch/dockerd.log" 2>&1 &
  dockerd=$!
  export DOCKER_HOST=unix://$scratch/docker.sock DOCKER_CONFIG=$scratch/home/.docker DOCKER_BUILDKIT=0
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    docker version >"$scratch/version" 2>&1 && return
    kill -0 "$dockerd" 2>/dev/null || break
    sleep 0.2
  done
  echo "skipped: no engine runs here:"
  tail -n 5 "$scratch/dockerd.log"
  return 1
}

# commands_of HEADING: the first block of commands below a heading of docs/deploy.md.
commands_of() {
  awk -v heading="## $1" '$0 == heading { found = 1 } found && /^```/ { if (inside) exit; inside = 1; next } inside' \
    "$project/docs/deploy.md"
}

# The bases under the names that the Dockerfile and docker-compose.yml ask for.
make_bases() {
  local node redis
  node=$(awk '$1 == "FROM" { print $2; exit }' "$project/Dockerfile")
  redis=$(awk '$1 == "image:" && $2 ~ /^redis:/ { print $2 }' "$project/docker-compose.yml")
  [[ $node =~ ^node:([0-9]+)-([a-z]+)-slim$ ]]
  make_tree "$scratch/base" "${BASH_REMATCH[2]}" "${BASH_REMATCH[1]}"
  tar -C "$scratch/base" -c . |
    docker import --change 'CMD ["node"]' --change 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' - "$node"
  rm -rf "$scratch/base"
  # As the image of the registry, whose redis-server is built to take connections from other hosts.
  docker build --quiet --network host --tag "$redis" - <<END
FROM $node
RUN apt-get update && apt-get install -y --no-install-recommends redis-server
RUN printf '#!/bin/sh\nexec /usr/bin/redis-server "\$@" --protected-mode no\n' > /usr/local/bin/redis-server \
    && chmod 755 /usr/local/bin/redis-server
END
  docker images
}

# make_tree DIRECTORY SUITE NODE: Debian with Node and npm; certificates, registry and mirrors are this host's.
make_tree() {
  local tree=$1 suite=$2 version=$3 mirrors mirror
  # Of each index: where it is, and its suite.
  mirrors=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk -v suite="$suite" '$2 == suite || index($2, suite "-") == 1' | sort --unique)
  [[ -n $mirrors ]] || mirrors="http://deb.debian.org/debian $suite main"
  mirror=$(awk -v suite="$suite" '$2 == suite { print $1; exit }' <<<"$mirrors")
  debootstrap --variant=minbase --include=ca-certificates "$suite" "$tree" "$mirror" >"$scratch/debootstrap.log" ||
    { tail "$scratch/debootstrap.log" && return 1; }
  sed 's/^/deb /' <<<"$mirrors" >"$tree/etc/apt/sources.list"
  # As debuerreotype slims Debian's images.
  printf 'path-exclude /usr/share/%s/*\n' doc man locale info >"$tree/etc/dpkg/dpkg.cfg.d/docker"
  rm -rf "$tree"/usr/share/{doc,man,locale,info}/* "$tree"/var/cache/apt/* "$tree"/var/lib/apt/lists/*
  cp /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/"
  local package
  package=$(node -p '"node-linux-" + process.arch')
  npm install --prefix "$scratch/node" --no-save --loglevel=error "$package@$version" npm@10
  install -D -m 0755 "$scratch/node/node_modules/$package/bin/node" "$tree/usr/local/bin/node"
  mkdir -p "$tree/usr/local/lib/node_modules" "$tree/usr/local/etc"
  cp -r "$scratch/node/node_modules/npm" "$tree/usr/local/lib/node_modules/"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$tree/usr/local/bin/npm"
  printf 'registry=%s\n' "$(npm config get registry)" >"$tree/usr/local/etc/npmrc"
}

# Of the files that .dockerignore lets through, in a directory of its own, where compose is run too.
build_image() {
  mkdir "$scratch/project"
  cd "$project"
  cp -r --parents Dockerfile .dockerignore docker-compose.yml package.json package-lock.json .npmrc tsconfig.json vite.config.ts \
    scripts/build.mjs src docker "$scratch/project"
  cd "$scratch/project"
  docker build --network host --tag stevedore-graph . >"$scratch/build.log" 2>&1 || { tail -n 40 "$scratch/build.log" && return 1; }
  local base
  base=$(docker image inspect --format '{{.Size}}' "$(awk '$1 == "FROM" { print $2; exit }' Dockerfile)")
  printf 'the image is %d MB, %d MB of them on top of its base\n' \
    $(($(docker image inspect --format '{{.Size}}' stevedore-graph) / 1000000)) \
    $((($(docker image inspect --format '{{.Size}}' stevedore-graph) - base) / 1000000))
}

# Compose 2: as a plugin that is there, or as Debian has it since 13, out of its package.
find_compose() {
  local plugin=$DOCKER_CONFIG/cli-plugins/docker-compose there
  for there in /usr/{local/,}lib{exec,}/docker/cli-plugins/docker-compose; do
    [[ -x $there ]] && ln -s "$there" "$plugin" && return
  done
  local at=$scratch/debian
  mkdir -p "$at"/{lists,cache,parts}
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main" >"$at/parts/trixie.list"
  local places=(
    -o "Dir::Etc::sourcelist=/dev/null" -o "Dir::Etc::sourceparts=$at/parts" -o "Dir::State::lists=$at/lists"
    -o "Dir::Cache=$at/cache" -o "APT::Sandbox::User=root"
  )
  apt-get -qq "${places[@]}" update
  (cd "$at" && apt-get -qq "${places[@]}" download docker-compose && dpkg-deb --extract docker-compose_*.deb files)
  cp "$at/files/usr/libexec/docker/cli-plugins/docker-compose" "$plugin"
}

# layer.tar, as the commands of docs/deploy.md call it.
make_layer() {
  rm -rf layer.d
  mkdir -p layer.d/etc
  head -c 3000000 /dev/urandom | base64 >layer.d/etc/content
  ln layer.d/etc/content layer.d/etc/link
  tar -C layer.d -cf layer.tar .
}

# The checksum of the image `uploaded` by plain shell, in the directory of its root.
shell_line='cd graph/uploaded && { cat json; echo; tar --sort=name --format=posix --numeric-owner
  --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime --xattrs --xattrs-include=security.capability
  --xattrs-include="user.*" -C layer -cf - . | xz -6 --check=crc64 --block-size=8MiB -T2; } | sha256sum'
shell_line=${shell_line//$'\n'/ }

# store_by_http URL TOKEN_FILE ARCHIVE PREFIX...: uploads, stores, has the checksum computed, and compares it with the shell's;
# PREFIX runs a line of shell in the root.
store_by_http() {
  local url=$1 token=$2 archive=$3 stored computed expected
  shift 3
  api() { curl --silent --show-error --fail-with-body --header "Authorization: Bearer $(cat "$token")" "$@"; }
  api --retry 60 --retry-delay 1 --retry-all-errors "$url/readyz"
  echo
  api --upload-file "$archive" "$url/api/v1/uploads/first"
  echo
  stored=$(api --json '{"image":{"id":"uploaded"},"layer":{"upload":"first"}}' "$url/api/v1/jobs/store?wait=60")
  echo "$stored"
  computed=$(api --json '{"id":"uploaded"}' "$url/api/v1/jobs/checksum?wait=60" | grep -o '"checksum":"sha256:[0-9a-f]*"')
  expected=$("$@" "$shell_line")
  printf 'by HTTP:  %s\nby shell: %s\n' "$computed" "$expected"
  [[ $computed == "\"checksum\":\"sha256:${expected%% *}\"" ]]
}

# compressors_of URL TOKEN_FILE COUNT: waits until that many have told of themselves, and shows them.
compressors_of() {
  local tries workers
  for ((tries = 0; tries < 60; tries++)); do
    workers=$(curl --silent --header "Authorization: Bearer $(cat "$2")" "$1/api/v1/workers" || true)
    (($(grep -o '"engine":' <<<"$workers" | wc -l) == $3)) && echo "$workers" && return
    sleep 1
  done
  echo "there are not $3 compressors: $workers"
  return 1
}

check_compose() {
  cd "$scratch/project"
  find_compose
  docker compose version
  make_layer
  # With the second worker of the document; builds need a network here.
  awk '/^# docker-compose.override.yml$/ { text = "" } { text = text $0 "\n" } /STEVEDORE_HOST: compose-2/ { printf "%s", text }' \
    "$project/docs/deploy.md" >docker-compose.override.yml
  cat docker-compose.override.yml
  printf 'services:\n' >check.yml
  printf '  %s: { build: { network: host } }\n' server worker worker-2 compressor >>check.yml
  export COMPOSE_FILE=docker-compose.yml:docker-compose.override.yml:check.yml
  export STEVEDORE_PORT=17878 STEVEDORE_REDIS_PORT=16379
  commands_of Containers | sed "s/:7878/:$STEVEDORE_PORT/" >commands.sh
  cat commands.sh
  bash -eu commands.sh
  docker compose ps
  [[ $(stat --format %a stevedore-token) == 600 ]]
  store_by_http "http://127.0.0.1:$STEVEDORE_PORT" stevedore-token layer.tar \
    docker compose exec -T --workdir /var/lib/stevedore worker bash -c
  docker compose exec -T server stevedore images
  check_compressors
  docker compose down --volumes
}

# Compose has made no compressor; scaled to two they serve, as nobody, and leave no volume of their own. Told to stop, they do.
check_compressors() {
  [[ -z $(docker compose ps --quiet compressor) ]]
  local volumes
  volumes=$(docker volume ls --quiet | wc -l)
  docker compose up --detach --no-build --scale compressor=2
  compressors_of "http://127.0.0.1:$STEVEDORE_PORT" stevedore-token 2
  [[ $(docker volume ls --quiet | wc -l) == "$volumes" ]]
  docker compose exec -T compressor sh -c 'id -u; ! touch /x /var/lib/stevedore/x /tmp/x 2>/dev/null; grep -E "^Cap(Eff|Bnd)" /proc/self/status'
  [[ $(docker compose exec -T compressor id -u) == 10001 ]]
  docker compose logs --no-log-prefix compressor
  docker compose stop --timeout 10 compressor
  [[ $(docker compose ps --all --format '{{.ExitCode}}' compressor | sort --unique) == 0 ]]
}

check_commands() {
  cd "$scratch/project"
  make_layer
  commands_of "One command in a container" | sed -e '/^docker build/d' -e "s|/var/lib/docker:|$scratch/old:|" >commands.sh
  mkdir "$scratch/old"
  tar -C "$scratch/old" -xf "$project/test/fixtures/docker-0.3-graph.tar"
  cat commands.sh
  bash -eu commands.sh
  tar -tf base.tar >/dev/null
  # A mount that the host sees, when its container has ended.
  local root=$scratch/shared
  mkdir "$root"
  mount --bind "$root" "$root"
  mount --make-shared "$root"
  tar -C "$root" -xf "$project/test/fixtures/docker-0.3-graph.tar"
  awk '/^docker run .*--cap-add SYS_ADMIN/ { inside = 1 } inside { print } inside && !/\\$/ { exit }' "$project/docs/deploy.md" |
    sed -e "s|/srv/stevedore|$root|g" -e 's/mount base/mount 0896/' >mount.sh
  cat mount.sh
  bash -eu mount.sh
  findmnt --list --types overlay | grep -F "$root/mounts"
}

check_systemd() {
  mkdir "$scratch/systemd"
  cd "$scratch/systemd"
  npm pack --ignore-scripts --silent --pack-destination . "$project"
  mv stevedore-graph-*.tgz stevedore-graph.tgz
  make_layer
  commands_of systemd | sed 's|npm install --global stevedore-graph|npm install --global /stevedore-graph.tgz|' >commands.sh
  cat commands.sh
  local install tools
  install=$(head -n 1 commands.sh)
  sed -i 1d commands.sh
  tools=$(sed -n '/apt-get install/,/&&/p' "$project/Dockerfile" | tr -d '\\\n' | sed 's/.*recommends//; s/&&.*//')
  cat >Dockerfile <<END
$(grep --max-count=1 ^FROM "$project/Dockerfile" | sed 's/ AS .*//')
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    systemd systemd-sysv openssl curl $tools
COPY stevedore-graph.tgz commands.sh layer.tar /
RUN $install
# What systemd's Container Interface asks for: mounts of services have to be seen by it.
CMD ["sh", "-c", "mount --make-rshared / && exec /lib/systemd/systemd"]
END
  docker build --network host --tag units . >"$scratch/units.log" 2>&1 || { tail -n 40 "$scratch/units.log" && return 1; }
  # All capabilities that this host has and its Docker knows, for --privileged asks for those it has not.
  local rights cgroup=(--cgroupns=host --volume /sys/fs/cgroup:/sys/fs/cgroup)
  rights=$(capsh --decode="$(awk '/^CapBnd/ { print $2 }' /proc/self/status)" | sed 's/.*=cap_//; s/,cap_/\n/g' |
    grep -vE '^(perfmon|bpf|checkpoint_restore)$' | sed 's/^/--cap-add=/')
  [[ -d /sys/fs/cgroup/systemd ]] && cgroup=(--volume /sys/fs/cgroup/systemd:/sys/fs/cgroup/systemd)
  # shellcheck disable=SC2086 # a word each
  docker run --detach --name units $rights --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
    "${cgroup[@]}" --network none --tmpfs /run --tmpfs /run/lock --env container=docker units
  local within=(docker exec --workdir /var/lib units)
  local tries
  for ((tries = 0; tries < 60; tries++)); do
    [[ $("${within[@]}" systemctl is-system-running 2>&1) == running ]] && break
    sleep 1
  done
  "${within[@]}" systemctl is-system-running
  "${within[@]}" bash -eu /commands.sh
  docker cp units:/etc/stevedore/token token
  # curl in the container, where the server listens on the loopback interface.
  curl() { "${within[@]}" curl "$@"; }
  store_by_http http://127.0.0.1:7878 token /layer.tar docker exec --workdir /var/lib/stevedore units bash -c
  # The example, without what stands in for a real Redis.
  "${within[@]}" sh -c 'cd "$(npm root --global)/stevedore-graph/systemd" && cp stevedore-compressor.service /etc/systemd/system/ &&
    sed "s|^STEVEDORE_REDIS_URL=.*|STEVEDORE_REDIS_URL=redis://127.0.0.1:6379|" compressor.env.example >/etc/stevedore/compressor.env &&
    systemctl daemon-reload && systemctl enable --now stevedore-compressor'
  compressors_of http://127.0.0.1:7878 token 1 | grep '"slots":{"total":4,'
  "${within[@]}" systemctl --no-pager status stevedore-worker stevedore-server stevedore-compressor
  "${within[@]}" ls -ld stevedore stevedore/inbox stevedore/outbox /etc/stevedore/{token,server.env,worker.env}
  local secret
  for secret in token server.env worker.env; do
    [[ $("${within[@]}" stat --format '%a %U' "/etc/stevedore/$secret") == "600 root" ]]
  done
  "${within[@]}" systemd-analyze verify --man=no /etc/systemd/system/stevedore-{worker,server}.service
  "${within[@]}" systemd-analyze --no-pager security stevedore-worker stevedore-server stevedore-compressor | grep "exposure level"
  "${within[@]}" systemctl stop stevedore-compressor stevedore-server stevedore-worker
  [[ $("${within[@]}" systemctl show --property Result --value stevedore-compressor stevedore-server stevedore-worker | xargs) == "success success success" ]]
  docker rm --force units
}

main "$@"
