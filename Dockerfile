# The `stevedore` command with the programs it calls, one image for workers, servers and single commands; the last start its
# Redis themselves, others are given one: see docker-compose.yml. Build with --build-arg VERSION=… --build-arg REVISION=$(git rev-parse HEAD) to have it labelled.

FROM node:22-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json vite.config.ts ./
COPY scripts/build.mjs scripts/
COPY src src/
RUN node scripts/build.mjs && find dist \( -name '*.map' -o -name '*.d.ts' \) -delete

FROM node:22-bookworm-slim AS modules
WORKDIR /modules
COPY package.json package-lock.json .npmrc ./
# Without what only people, compilers and debuggers read, licences apart; without TypeScript, which is an optional peer of
# a dependency; of the binaries that lzma-native brings for every system, with those for Linux.
RUN npm ci --omit=dev \
    && cd node_modules \
    && rm -rf typescript @typescript zod/src .package-lock.json \
        lzma-native/deps lzma-native/prebuilds/darwin-* lzma-native/prebuilds/win32-* \
    && find . -regextype posix-extended -type d \
        -regex '\./(@[^/]+/)?[^@/]+/(\.github|test|docs|examples?|benchmarks?)' -prune -exec rm -rf {} + \
    && find . -type f \( -name '*.map' -o -name '*.d.[cm]ts' -o -name '*.d.ts' -o -name '*.md' \) ! -iname 'licen[cs]e*' -delete

FROM node:22-bookworm-slim
# All that src/host/tool.ts names; setpriv of util-linux is the entrypoint's.
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        bzip2 coreutils findutils fuse-overlayfs fuse3 gzip kmod libarchive-tools mount redis-server tar util-linux xz-utils zstd \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log \
    && groupadd --gid 10001 stevedore \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin stevedore
WORKDIR /opt/stevedore
COPY package.json ./
COPY --from=modules /modules/node_modules node_modules/
COPY --from=build /build/dist dist/
COPY docker/entrypoint.sh docker/
RUN ln -s /opt/stevedore/dist/cli/main.js /usr/local/bin/stevedore
ENV NODE_ENV=production STEVEDORE_ROOT=/var/lib/stevedore
VOLUME /var/lib/stevedore
EXPOSE 7878
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Stevedore" \
      org.opencontainers.image.description="Stores, fingerprints and audits image graphs from a queue" \
      org.opencontainers.image.documentation="https://www.npmjs.com/package/stevedore-graph" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
# No USER: a layer's owners, devices and file capabilities can only be kept by root. The entrypoint makes the server
# another user. No HEALTHCHECK, for that of a server asks its port and a worker has none: docker-compose.yml has them.
ENTRYPOINT ["/opt/stevedore/docker/entrypoint.sh"]
CMD ["--help"]
