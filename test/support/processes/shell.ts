// What a shell prints, as an oracle: bash with nothing in its environment that changes what tar or xz write,
// but for this process's own locale, which the recipe `docker` depends on.
import { execa } from "execa";

const ownLocale = Object.entries(process.env).filter(([name]) => name === "LANG" || name.startsWith("LC_"));
const environment = {
  ...Object.fromEntries(ownLocale),
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
};

/** Runs a line of bash and returns its stdout. Fails if any command of a pipe does. */
export async function shell(
  line: string,
  options: { readonly cwd?: string; readonly input?: Uint8Array; readonly locale?: string } = {},
): Promise<Buffer> {
  const { cwd, input, locale } = options;
  const { stdout } = await execa("bash", ["-o", "pipefail", "-c", line], {
    ...(cwd === undefined ? {} : { cwd }),
    ...(input === undefined ? { stdin: "ignore" } : { input }),
    env: locale === undefined ? environment : { ...environment, LC_ALL: locale },
    extendEnv: false,
    encoding: "buffer",
    stripFinalNewline: false,
  });
  return Buffer.from(stdout);
}

/** The digest at the beginning of what `sha256sum` printed. */
export function sha256Of(output: Buffer): `sha256:${string}` {
  return `sha256:${output.toString("latin1").slice(0, 64)}`;
}
