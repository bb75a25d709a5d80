// The peers that must agree about images: skopeo and umoci, as a user runs them.
import { execa } from "execa";

// Neither may read what the user of this host has configured.
const environment = {
  PATH: process.env.PATH,
  HOME: "/nonexistent",
  TMPDIR: process.env.TMPDIR,
  LC_ALL: "C.UTF-8",
};

/** Copies an image from one `transport:place` to another. */
export async function skopeoCopy(from: string, to: string, ...options: readonly string[]): Promise<void> {
  await run("skopeo", ["--insecure-policy", "copy", "--quiet", ...options, from, to]);
}

/** What skopeo tells of an image: `skopeo inspect`. */
export async function skopeoInspect(image: string): Promise<{
  readonly Layers: readonly string[];
  readonly Architecture: string;
  readonly Os: string;
  readonly Env: readonly string[] | null;
}> {
  return JSON.parse(await run("skopeo", ["--insecure-policy", "inspect", image]));
}

/** Runs umoci. */
export async function umoci(...args: readonly string[]): Promise<string> {
  return run("umoci", args);
}

/** Unpacks an image of a layout, `layout:tag`, and returns the path of its root file system below `bundle`. */
export async function umociUnpack(image: string, bundle: string): Promise<string> {
  await umoci("unpack", "--image", image, bundle);
  return `${bundle}/rootfs`;
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const { stdout } = await execa(program, args, { env: environment, extendEnv: false });
  return stdout;
}
