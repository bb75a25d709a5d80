# The `stevedore` command with the programs a worker calls. Redis is not in it: see docker-compose.yml.

FROM node:22-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY scripts/build.mjs scripts/
COPY src src/
RUN node scripts/build.mjs

FROM node:22-bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends bzip2 fuse-overlayfs libarchive-tools mount tar xz-utils zstd \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/stevedore
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && npm cache clean --force
COPY --from=build /build/dist dist/
RUN ln -s /opt/stevedore/dist/cli/main.js /usr/local/bin/stevedore
ENV NODE_ENV=production STEVEDORE_ROOT=/var/lib/stevedore
VOLUME /var/lib/stevedore
# No USER: a layer's owners, devices and file capabilities can only be kept by root.
ENTRYPOINT ["stevedore"]
