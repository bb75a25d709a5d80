// The xz engine that runs the `xz` of the host.
import { run, tools } from "../../host/index.js";
import { toolOutput } from "../tool-output.js";
import type { XzEngine } from "./engine.js";
import { xzArguments } from "./flags.js";

/** The engine if the host has an `xz` that compresses with several threads (5.2.0 and later), else undefined. */
export async function findXzProgram(): Promise<XzEngine | undefined> {
  // An xz that cannot tell its version counts as not installed, whatever the reason.
  const banner = await run(tools.xz, ["--version"]).catch(() => "");
  const [, version, major, minor] = /^liblzma ((\d+)\.(\d+)\.\S+)$/m.exec(banner) ?? [];
  if (version === undefined || Number(major) * 1_000 + Number(minor) < 5_002) return undefined;
  return {
    name: "xz",
    version,
    compress: (input, settings, signal) =>
      toolOutput(tools.xz, xzArguments(settings), { input, isBackground: true, signal }),
  };
}
