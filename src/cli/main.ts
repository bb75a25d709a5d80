#!/usr/bin/env node
// The entry of the `stevedore` binary. The version is printed without loading anything else.
import { readFileSync } from "node:fs";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

if (["--version", "-V"].includes(process.argv[2] ?? "")) {
  process.stdout.write(`${version}\n`);
} else {
  const { runCommandLine } = await import("./command-line.js");
  await runCommandLine(process.argv, version);
}
