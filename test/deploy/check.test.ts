// The check of the deployment, which takes minutes and an engine: that it can be read, and finds what it runs in the document.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";

const project = join(import.meta.dirname, "../..");
const script = join(import.meta.dirname, "check.sh");
const text = readFileSync(script, "utf8");

it("is what npm run check:deploy runs, and bash can read", async () => {
  const { scripts } = JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  expect(scripts["check:deploy"]).toMatch(/ && bash test\/deploy\/check\.sh$/);
  await execa("bash", ["-n", script]);
});

it.each([
  ["Containers", ["docker compose up --build --detach --wait", "umask 077"]],
  [
    "One command in a container",
    ["docker run --rm --volume graph:/var/lib/stevedore stevedore-graph checksum base"],
  ],
  [
    "systemd",
    ["npm install --global stevedore-graph", "systemctl enable --now stevedore-worker stevedore-server"],
  ],
])("finds the commands of %s in docs/deploy.md", async (heading, commands) => {
  const [commandsOf = ""] = /^commands_of\(\) \{.*?^\}$/ms.exec(text) ?? [];
  const lines = `project='${project}'\n${commandsOf}\ncommands_of '${heading}'`;
  const { stdout } = await execa("bash", ["-euc", lines]);
  for (const command of commands) expect(stdout).toContain(command);
  expect(text).toContain(heading);
});
