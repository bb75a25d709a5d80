// stevedore doctor: what this host has and lacks, with the fix.
import type { Command } from "commander";
import { action, ReportedFailure } from "../../run-command.js";

export function declare(program: Command): void {
  program
    .command("doctor")
    .description("tell what this host has and lacks, and what to do about it")
    .addHelpText("after", "\nExample:\n  $ stevedore doctor --json | jq '.[] | select(.ok | not)'")
    .action(
      action(async ({ config, print, paint }) => {
        const { examine } = await import("./examination.js");
        const findings = await examine(config);
        print(
          findings,
          findings.map(({ ok, needed, name, found, fix }) => {
            const [mark, style] = ok
              ? (["ok     ", "good"] as const)
              : needed
                ? (["MISSING", "bad"] as const)
                : (["absent ", "warning"] as const);
            return `${paint(style, mark)}  ${name}: ${found}${fix === null ? "" : `\n         -> ${fix}`}`;
          }),
        );
        if (findings.some(({ ok, needed }) => needed && !ok)) throw new ReportedFailure();
      }),
    );
}
