// A check of the credentials with which whoever runs doctor would pull and push. What is in the file is not shown.
import { stat } from "node:fs/promises";
import { onOneLine } from "../../../terms/index.js";
import { ownAuthFile } from "../../registry-flags.js";
import { knownRegistries } from "../registries/index.js";
import type { Check } from "./finding.js";

export function registryChecks(environment: NodeJS.ProcessEnv = process.env): Check[] {
  const file = ownAuthFile({}, environment);
  return [
    {
      name: "registries (pull and push by hand)",
      needed: false,
      async probe() {
        const hosts = await knownRegistries(file);
        if (hosts === undefined || hosts.length === 0) return `no credentials in ${file}`;
        const { mode } = await stat(file);
        if ((mode & 0o077) !== 0) throw new Error(`other users may read the credentials in ${file}`);
        return onOneLine(`${file} has credentials for ${hosts.join(", ")}`, 500);
      },
      fix: `chmod 0600 ${file}, or stevedore login writes it anew`,
    },
  ];
}
