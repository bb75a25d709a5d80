// stevedore compressor: compress the blocks of other hosts' layers, with neither a root nor privileges.
import type { Command } from "commander";
import { addLogFlag } from "../../log-format.js";
import { action, wholeNumber } from "../../run-command.js";

interface CompressorFlags {
  readonly threads?: number;
}

export function declare(program: Command): void {
  addLogFlag(
    program
      .command("compressor")
      .description(
        "help workers of other hosts to compress, against the Redis that is named; --graph may be repeated",
      ),
  )
    .option(
      "--threads <n>",
      "blocks compressed at a time (default: the host's threads)",
      wholeNumber(1, 10_000),
    )
    .option("--host <name>", "what this host is called (default: $STEVEDORE_HOST or the system's name)")
    .addHelpText(
      "after",
      "\nExample:\n  $ stevedore compressor --redis redis://queue.example:6379 --graph builds --graph mirror",
    )
    .action(
      action<CompressorFlags>(async (context, flags) => {
        const { serveCompressor } = await import("./serve-compressor.js");
        await serveCompressor(context, flags.threads);
      }),
    );
}
