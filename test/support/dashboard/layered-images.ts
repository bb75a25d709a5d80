// Two images for the pages that show what is inside: three layers with their commands, and one of another top.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { layImage } from "../images/layered-image.js";
import { shell } from "../processes/shell.js";

/** Each layer: the id of its image, the command that is told of it, and the lines of bash that fill it. */
const layers = {
  fe: [
    "COPY app /srv/app",
    "mkdir -p srv etc; echo app > srv/app; echo two > etc/version; touch etc/.wh.gone",
  ],
  ac: [
    "RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates curl && rm -rf /var/lib/apt",
    "mkdir -p etc usr/share; echo one > etc/version; head -c 2000000 /dev/zero > etc/gone; head -c 900000 /dev/zero > usr/share/data",
  ],
  ba: [
    "ADD rootfs.tar /",
    String.raw`mkdir -p etc root many; echo zero > etc/version; ln -s usr/bin bin; : > empty
      touch many/file-{1..450}; printf 'a\0b' > binary
      echo '<script>document.title="hacked"</script>' > '<img src=x onerror="document.title=1">.html'
      echo odd > "$(printf 'n\nl\xfc')"; echo deep > root/${"a-long-name-".repeat(12)}`,
  ],
  ce: ["COPY other /srv/other", "mkdir -p srv etc; echo other > srv/other; touch etc/.wh.version"],
} as const satisfies Record<string, readonly [string, string]>;

export interface LayeredImages {
  readonly top: string;
  readonly middle: string;
  readonly base: string;
  readonly other: string;
}

export async function layImages(root: string): Promise<LayeredImages> {
  const made = join(root, "made");
  const id = async (name: keyof typeof layers, config: object, parent?: string) => {
    const [command, script] = layers[name];
    const directory = join(made, name);
    mkdirSync(directory, { recursive: true });
    await shell(`umask 022; ${script}`, { cwd: directory, locale: "C" });
    const [id] = layImage(root, name, [directory], parent);
    const record = {
      id,
      parent,
      created: "2026-01-02T03:04:05Z",
      container_config: { Cmd: [command] },
      config,
    };
    writeFileSync(join(root, "graph", id, "json"), JSON.stringify(record));
    return id;
  };
  const config = { Env: ["PATH=/bin", "MODE=old"], Cmd: ["/bin/sh"], Labels: { team: "a" } };
  const base = await id("ba", config);
  const middle = await id("ac", config, base);
  const top = await id("fe", { ...config, Env: ["PATH=/bin", "MODE=new"] }, middle);
  const other = await id("ce", { ...config, Cmd: ["/srv/other"] }, middle);
  return { top, middle, base, other };
}
