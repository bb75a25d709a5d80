// stevedore man: the manual page, from the same source as the help.
import type { Command } from "commander";
import { action } from "../../run-command.js";

export function declare(program: Command): void {
  program
    .command("man")
    .description("print the manual page of all commands, as man(1) reads it")
    .addHelpText("after", "\nExample:\n  $ stevedore man | man -l -")
    .action(
      action(async ({ print }) => {
        const { manualPage } = await import("./manual-page.js");
        const page = manualPage(program);
        print({ page }, [page.trimEnd()]);
      }),
    );
}
