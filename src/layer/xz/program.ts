// The xz engine that runs the `xz` of the host, a process for each block.
import { run, tools } from "../../host/index.js";
import { toolOutput } from "../tool-output.js";
import type { XzEngine } from "./engine.js";
import { xzArguments } from "./flags.js";
import { blockOf } from "./stream.js";

/** The engine if the host has an `xz` that compresses with several threads (5.2.0 and later), else undefined. */
export async function findXzProgram(): Promise<XzEngine | undefined> {
  // An xz that cannot tell its version counts as not installed, whatever the reason.
  const banner = await run(tools.xz, ["--version"]).catch(() => "");
  const [, version, major, minor] = /^liblzma ((\d+)\.(\d+)\.\S+)$/m.exec(banner) ?? [];
  if (version === undefined || Number(major) * 1_000 + Number(minor) < 5_002) return undefined;
  return {
    name: "xz",
    version,
    async compress({ data }, settings, signal) {
      const chunks: Buffer[] = [];
      const input = (async function* () {
        yield data;
      })();
      const options = { input, isBackground: true, signal };
      for await (const chunk of toolOutput(tools.xz, xzArguments(settings), options)) chunks.push(chunk);
      return blockOf(Buffer.concat(chunks));
    },
  };
}
