// stevedore check [--repair]: checks the whole graph for damage.
import type { Command } from "commander";
import type { Finding } from "../../../audit/index.js";
import type { ProbedAttribute } from "../../../layer/index.js";
import { action, type CommandContext, ReportedFailure } from "../../run-command.js";

interface CheckFlags {
  readonly repair?: boolean;
  readonly host?: string;
}

export function declare(program: Command): void {
  program
    .command("check")
    .description("look the whole graph over for damage; change nothing unless told to repair")
    .option("--repair", "move what is damaged to lost+found, and write anew what can be; nothing is deleted")
    .option(
      "--host <name>",
      "judge staging and mounts as that host, one that is gone for good (default: $STEVEDORE_HOST or the system's name)",
    )
    .addHelpText(
      "after",
      `
Ends with 0 if nothing was found, or all that was found was repaired.
With --json: {findings: [{code, what, path, id?, message, repair, repaired?}], images, elsewhere: [{host, staging, mounts}], unsupported, durationMs}.

Examples:
  $ stevedore check --root /var/lib/docker
  $ stevedore check --repair --json | jq '.findings[] | select(.repaired | not)'`,
    )
    .action(action<CheckFlags>(check));
}

async function check(context: CommandContext, { repair = false }: CheckFlags): Promise<void> {
  const { config, json, print, signal } = context;
  const { auditGraph } = await import("../../../audit/index.js");
  const { openGraph } = await import("../../../graph/index.js");
  const began = performance.now();
  const audit = auditGraph(await openGraph(config.root, { host: config.host }), { repair }, signal);
  const findings: Finding[] = [];
  let [found, repaired, repairable] = [0, 0, 0];
  let next = await audit.next();
  for (; !next.done; next = await audit.next()) {
    found += 1;
    if (next.value.repaired) repaired += 1;
    if (next.value.repair !== null) repairable += 1;
    // As text each is shown when it is found, and none is kept.
    if (json) findings.push(next.value);
    else print(next.value, await lineOf(next.value));
  }
  const { images, elsewhere } = next.value;
  const unsupported = await unsupportedBy(config.root, signal);
  const durationMs = Math.round(performance.now() - began);
  const left = repair ? `${repaired} repaired` : `check --repair can repair ${repairable}`;
  const sum = `${count(images, "image")}, ${found === 0 ? "nothing" : count(found, "fault")} found${found === 0 ? "" : `, ${left}`}`;
  const others = elsewhere.map(
    ({ host, staging, mounts }) =>
      `left alone, of host ${host}: ${count(staging, "staging directory", "staging directories")}, ${count(mounts, "mount")}; if that host is gone for good: check --host ${host} --repair`,
  );
  // Of what most disks lack, doctor tells.
  const lacking = unsupported.filter(({ isRare }) => !isRare).map(({ attribute }) => attribute);
  const lacks =
    lacking.length === 0
      ? []
      : [
          `the disk does not keep ${lacking.join(", ")}: layers that have them fail with ATTRIBUTE_UNSUPPORTED`,
        ];
  const document = {
    findings,
    images,
    elsewhere,
    unsupported: unsupported.map(({ attribute }) => attribute),
    durationMs,
  };
  print(document, [...others, ...lacks, sum]);
  if (repaired < found) throw new ReportedFailure();
}

/** What layers may hold and the root's disk does not keep; nothing where that cannot be tried, as on a read-only disk. */
async function unsupportedBy(root: string, signal: AbortSignal | undefined): Promise<ProbedAttribute[]> {
  const { probeAttributes } = await import("../../../layer/index.js");
  const probed = await probeAttributes(root, signal).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    return [];
  });
  return probed.filter(({ isKept }) => !isKept);
}

async function lineOf({ code, what, path, message, repair, repaired }: Finding): Promise<string[]> {
  const { formatText } = await import("../../terminal/index.js");
  const done = repair === null ? "" : ` -> ${repaired === false ? "not repaired: " : ""}${repair}`;
  return [formatText(`${code} ${what} ${path}: ${message}${done}`)];
}

function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}
