// The trial of nfs.sh, as it runs on the host of the auditor: jobs for a worker whose root lies on NFS. Each round it is
// killed, or its whole host, which is booted again.
import { mkdirSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { openProducer } from "../../../src/producer/index.js";
import { seededRandom } from "../../support/seeded-random.js";
import { auditGraph } from "../auditor/graph-audit.js";
import { auditQueue } from "../auditor/queue-audit.js";
import { makeContents } from "../contents.js";
import { drain } from "../drain.js";
import { openLedger } from "../ledger.js";
import { untilSettled } from "../scene.js";
import { connectPlainly } from "../service.js";
import { handIn, type PlannedJob, planRound } from "../work.js";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    seed: { type: "string", default: "1" },
    redis: { type: "string", default: "" },
  },
});
const root = "/run/nfs/root";
const host = "one";
const random = seededRandom(Number(values.seed));
const ledger = openLedger();
const findings: string[] = [];
const begun = Date.now();
const log = (line: string) => console.log(`${Math.round((Date.now() - begun) / 1_000)} s  ${line}`);
const plain = connectPlainly(values.redis);
const producer = openProducer({ redis: values.redis, graph: "chaos" });
mkdirSync("/run/nfs/sources", { recursive: true });
const contents = await makeContents("/run/nfs/sources");
// Mounts are of one host.
const isOfAnyHost = ({ job }: PlannedJob) => !["mount", "unmount", "commit"].includes(job.name);

async function killSomething(): Promise<void> {
  if (random.chance(0.6)) {
    await plain.rpush(`ctl:${host}`, "kill");
    log("killed the worker");
    return;
  }
  await plain.rpush("ctl:host", `kill:${host}`);
  await sleep(random.between(500, 3_000));
  await plain.rpush("ctl:host", `boot:${host}`);
  log("killed its host, and booted it again");
}

for (let round = 0; round < Number(values.rounds) && findings.length === 0; round++) {
  const planned = planRound(round, ledger, contents, random).filter(isOfAnyHost);
  await Promise.all([
    handIn(planned, producer, ledger),
    sleep(random.between(500, 6_000)).then(killSomething),
  ]);
  await drain(plain, "chaos", ledger, ["store", "checksum"]);
  findings.push(...(await auditQueue(plain, "chaos", ledger)));
  findings.push(...(await untilSettled(() => auditGraph(root, ledger, { contents, isQuiet: true }))));
  log(`round ${round}: ${ledger.jobs.length} jobs so far, ${findings.length} faults`);
}
for (const finding of findings) console.log(`FOUND ${finding}`);
console.log(`seed ${values.seed}: ${ledger.jobs.length} jobs, ${findings.length} faults`);
await producer.close();
plain.disconnect();
process.exitCode = findings.length === 0 ? 0 : 1;
