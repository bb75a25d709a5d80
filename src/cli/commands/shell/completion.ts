// stevedore completion SHELL: the script by which a shell completes the command line.
import { Argument, type Command } from "commander";
import { action } from "../../run-command.js";
import { completionScripts, type ShellName, shellNames } from "./completion-scripts.js";

export function declare(program: Command): void {
  program
    .command("completion")
    .description(
      "print a script that completes commands, flags, and ids and names of images, jobs and mounts",
    )
    .addArgument(new Argument("<shell>", "the shell it is for").choices([...shellNames]))
    .addHelpText(
      "after",
      `
The script asks this program, so it need not be made anew after an upgrade. To have it in every session:
  bash  echo 'source <(stevedore completion bash)' >> ~/.bashrc
  zsh   stevedore completion zsh > "\${fpath[1]}/_stevedore"
  fish  stevedore completion fish > ~/.config/fish/completions/stevedore.fish

Example:
  $ source <(stevedore completion bash)`,
    )
    .action(
      action(async ({ print }, _flags, shell: ShellName) => {
        const script = completionScripts[shell];
        print({ shell, script }, [script.trimEnd()]);
      }),
    );
}
