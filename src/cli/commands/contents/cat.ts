// stevedore cat IMAGE PATH: the bytes of a file, on stdout.
import type { Command } from "commander";
import { action, wrongUsage } from "../../run-command.js";
import { imageArgument } from "../image-argument.js";
import { pathSpelling } from "./path-argument.js";

export function declare(program: Command): void {
  program
    .command("cat")
    .description("write a file of an image to stdout, as it is")
    .argument("<image>", imageArgument)
    .argument("<path>", "a file in it; symbolic links are followed within the image, never out of it")
    .addHelpText("after", `${pathSpelling}\nExample:\n  $ stevedore cat web:1.0 /etc/passwd`)
    .action(
      action(async ({ config, json, signal }, _flags, reference: string, path: string) => {
        if (json) throw wrongUsage("stdout is for the file: leave out --json");
        const { openGraph } = await import("../../../graph/index.js");
        const { openContents, openFile, readSpelling } = await import("../../../contents/index.js");
        const contents = await openContents(await openGraph(config.root), signal)(reference);
        await using file = await openFile(contents, readSpelling(path));
        for await (const piece of file.read()) {
          signal.throwIfAborted();
          if (!(await write(piece))) return;
        }
      }),
    );
}

/** Resolves when stdout has taken the bytes; to false if its reader has left. */
function write(piece: Buffer): Promise<boolean> {
  return new Promise((resolve) => process.stdout.write(piece, (error) => resolve(error == null)));
}
