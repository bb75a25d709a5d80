// Six images as builders make them, by docker build and by buildah, saved as both save them. Made once in a run.
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onceInRun } from "../once-in-run.js";
import { shell } from "../processes/shell.js";
import { packBase } from "./base-image.js";
import { startDocker } from "./docker.js";
import type { Engine } from "./engine.js";
import { openPodman } from "./podman.js";

export interface BuiltImage {
  /** The name that it has in its archives. */
  readonly reference: string;
  /** A docker-archive, by `docker save` or `podman save`: both engines load it. */
  readonly docker: string;
  /**
   * The directory that podman pushes it to, its layers compressed: an OCI layout, or what skopeo calls `dir:`, which has no
   * name. Docker's own have none.
   */
  readonly pushed: string | undefined;
  /** What its container prints. */
  readonly prints: string;
}

interface Recipe {
  readonly prints: string;
  /** How its layers are pushed, where buildah builds it. */
  readonly compression?: "gzip" | "zstd" | "zstd:chunked";
  /** What follows the name of the base. */
  readonly dockerfile: string;
  readonly options?: readonly string[];
}

/** Deletions, an opaque directory, a kind that changes, and hard links to files of layers below. */
const changes = `
RUN mkdir -p /srv/www/deep /opt/kept; echo one > /srv/www/one; echo two > /srv/www/deep/two; ln /srv/www/one /srv/link; echo k > /opt/kept/k
RUN rm /etc/motd; rm -r /srv/www; mkdir /srv/www; echo new > /srv/www/new; ln /srv/link /opt/kept/again; ln /opt/kept/k /opt/k
RUN rm -r /usr/share/doc/2 /opt/kept/k; mkdir /usr/share/doc/2; echo in > /usr/share/doc/2/in; ln -s doc /usr/share/to-doc; chmod 1750 /opt; chown 7:8 /opt/k
`;

const recipes: Readonly<Record<string, Recipe>> = {
  steps: {
    prints: "naïve <&> words",
    dockerfile: `
MAINTAINER A. N. Other <other@example.org>
ENV A=1 B="two words"
LABEL org.example.empty="" org.example.text="naïve <&> 'quoted'"
RUN echo 'naïve <&> words' > /etc/words
ARG WHO=nobody
EXPOSE 8080/tcp 53/udp
VOLUME ["/data", "/logs"]
WORKDIR /work/here
RUN touch made
USER 12:34
STOPSIGNAL SIGINT
SHELL ["/bin/sh", "-eu", "-c"]
HEALTHCHECK --interval=5s --timeout=2s --start-period=1m --retries=7 CMD cat /etc/words || exit 1
ONBUILD COPY . /src
ENTRYPOINT ["/bin/cat"]
CMD ["/etc/words"]
`,
  },
  changes: { prints: "new", dockerfile: `${changes}CMD ["cat", "/srv/www/new"]\n` },
  stages: {
    prints: "capable",
    dockerfile: ` AS first
RUN mkdir -p /out/bin; echo '#!/bin/sh' > /out/bin/tool; echo 'echo capable' >> /out/bin/tool; chmod 6755 /out/bin/tool
FROM localhost/engines/base:1
ADD attributes.tar /
COPY --from=first --chown=99:98 /out /
RUN mknod -m 660 /null c 1 3; echo y > /usr/share/doc/1
CMD ["/bin/tool"]
`,
  },
  "by-buildah": {
    compression: "gzip",
    prints: "new",
    options: ["--format=docker"],
    dockerfile: `
LABEL org.example.text="naïve <&> 'quoted'"
ADD attributes.tar /
${changes}HEALTHCHECK --interval=5s CMD cat /etc/words || exit 1
ONBUILD RUN true
VOLUME /data
ENV A=1
EXPOSE 8080
USER 12:34
CMD ["cat", "/srv/www/new"]
`,
  },
  "by-buildah-oci": {
    compression: "zstd",
    prints: "new",
    options: ["--format=oci"],
    dockerfile: `
ENV A=1
ADD attributes.tar /
${changes}STOPSIGNAL SIGINT
LABEL org.example.a="1"
WORKDIR /srv
CMD ["cat", "/srv/www/new"]
`,
  },
  "in-one-layer": {
    compression: "zstd:chunked",
    prints: "new",
    options: ["--format=oci", "--layers=false"],
    dockerfile: `
ENV A=1
LABEL org.example.a="1"
ADD attributes.tar /
${changes}CMD ["cat", "/srv/www/new"]
`,
  },
};

/** The names of the images, by which tests can be declared before they are there. */
export const builtImageNames = Object.keys(recipes);

/** Whether podman has pushed the image to a directory, too. */
export function isPushed(name: string): boolean {
  return recipes[name]?.compression !== undefined;
}

/** The images by their names. Needs root. */
export async function builtImages(): Promise<ReadonlyMap<string, BuiltImage>> {
  const directory = await onceInRun("built-images", buildAll);
  return new Map(
    Object.entries(recipes).map(([name, { prints }]) => {
      const { docker, pushed } = placesOf(directory, name);
      return [
        name,
        { reference: referenceOf(name), docker, pushed: isPushed(name) ? pushed : undefined, prints },
      ];
    }),
  );
}

function referenceOf(name: string): string {
  return `localhost/engines/${name}:1`;
}

function placesOf(directory: string, name: string): { readonly docker: string; readonly pushed: string } {
  return { docker: join(directory, `${name}.tar`), pushed: join(directory, `${name}.pushed`) };
}

async function buildAll(directory: string): Promise<void> {
  const base = await packBase(directory);
  await shell(attributes, { cwd: directory });
  await using docker = await startDocker();
  await using podman = await openPodman();
  for (const engine of [docker, podman]) await engine.importTar(base, "localhost/engines/base:1");
  const isOfDocker = ([, { compression }]: [string, Recipe]) => compression === undefined;
  const byDocker = Object.entries(recipes).filter(isOfDocker);
  const byBuildah = Object.entries(recipes).filter((entry) => !isOfDocker(entry));
  const built = await Promise.allSettled([
    buildEach(docker, directory, byDocker),
    buildEach(podman, directory, byBuildah),
  ]);
  for (const outcome of built) if (outcome.status === "rejected") throw outcome.reason;
}

/** Packs files with a capability, an extended attribute and a time to the nanosecond. */
const attributes = `
umask 022; mkdir -p attributes/usr/bin; cp /bin/true attributes/usr/bin/capable
setcap cap_net_raw,cap_kill+ep attributes/usr/bin/capable; setfattr -n user.kept -v here attributes/usr
touch --date='2013-06-01 12:00:00.123456789' attributes/usr/bin/capable
tar --format=posix --xattrs --xattrs-include='*' -C attributes -cf attributes.tar .`;

/** Builds images, and saves each in its forms. */
async function buildEach(
  engine: Engine,
  directory: string,
  entries: readonly [string, Recipe][],
): Promise<void> {
  for (const [name, { dockerfile, options, compression }] of entries) {
    const context = join(directory, `${name}.context`);
    mkdirSync(context);
    writeFileSync(join(context, "Dockerfile"), `FROM localhost/engines/base:1${dockerfile}`);
    cpSync(join(directory, "attributes.tar"), join(context, "attributes.tar"));
    const reference = referenceOf(name);
    await engine.build(context, reference, options);
    const { docker, pushed } = placesOf(directory, name);
    await engine.save([reference], docker);
    if (compression === undefined) continue;
    // In the format in which it was built: podman would convert the config, and so change the image.
    const to =
      compression === "gzip"
        ? ["--compress", reference, `dir:${pushed}`]
        : [reference, `oci:${pushed}:${reference}`];
    await engine.run(["push", "--quiet", `--compression-format=${compression}`, ...to]);
  }
}
