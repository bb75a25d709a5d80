// The manual page: what man and mandoc say of it, and that it tells what the help tells.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { commandNames, makeProgram } from "../../src/cli/program.js";
import { runCommand } from "../support/processes/command.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const project = join(import.meta.dirname, "../..");
const scratch = useScratchDirectory({ inMemory: true });
/** The page as a file, and as man shows it. */
let file: string;
let shown: string;

beforeAll(async () => {
  file = join(await scratch.fresh(), "stevedore.1");
  const { code, stdout } = await runCommand(["man"]);
  expect(code).toBe(0);
  writeFileSync(file, stdout);
  // Formatted by mandoc alone: man(1) is missing from small installations.
  shown = execFileSync("mandoc", ["-Tutf8", "-O", "width=400", file])
    .toString()
    .replaceAll(new RegExp(`.${"\b"}`, "gu"), "");
});

describe("the manual page", () => {
  it("is without a fault for mandoc, but that it has no date", () => {
    const { stdout, stderr } = spawnSync("mandoc", ["-Tlint", "-W", "warning", file], { encoding: "utf8" });
    const complaints = `${stdout}${stderr}`.split("\n").filter((line) => line !== "");
    expect(complaints.filter((line) => !line.includes("missing date"))).toEqual([]);
  });

  it("has every section", () => {
    const sections = [...shown.matchAll(/^[A-Z][A-Z ]+$/gm)].map(([title]) => title);
    expect(sections).toEqual(
      ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS"].concat(
        ...["EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"],
      ),
    );
    for (const text of ["130", "STEVEDORE_REDIS_URL", "run/redis.sock", "sha256sum(1)", "rm, rmi"])
      expect(shown).toContain(text);
  });

  it("has every command with every flag and every line of its examples, as the help has them", async () => {
    const program = await makeProgram("1", commandNames);
    for (const command of program.commands.filter((one) => commandNames.includes(one.name()))) {
      expect(shown).toContain(`stevedore ${command.name()} ${command.usage()}`);
      for (const { flags, hidden } of command.options) if (!hidden) expect(shown).toContain(flags);
      const { stdout } = await runCommand([command.name(), "--help"]);
      for (const [line] of stdout.matchAll(/(?<=^ {2})\$ .*$/gm)) expect(shown).toContain(line);
    }
  });

  it("is in the package, where npm finds it", () => {
    const { man, files } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
    expect(files).toContain("dist");
    expect(existsSync(join(project, man))).toBe(true);
    expect(readFileSync(join(project, man), "utf8")).toMatch(/^\.TH STEVEDORE 1 /);
  });
});
