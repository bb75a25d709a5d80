// Each disaster in its short form; `npm run chaos` has them for as long as one likes.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it, vi } from "vitest";
import { lockVariable } from "../support/processes/quick-locks.js";
import { seededRandom } from "../support/seeded-random.js";
import { type Content, makeContents } from "./contents.js";
import { trials } from "./trials/index.js";

// Longer than an outage lasts here, as real locks are.
vi.stubEnv(lockVariable, "3000");

let scratch: string;
let contents: Content[];
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "stevedore-chaos-"));
  contents = await makeContents(join(scratch, "contents"));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

// They wait for most of their time: for locks of workers that are dead, and for the next try.
describe.concurrent("nothing acknowledged is lost, nothing is half and nothing is left", () => {
  // What a recorded disk is good for has a test of its own, in cuts/.
  it.each(Object.entries(trials).filter(([name]) => !name.startsWith("dropped-writes")))(
    "in the trial %s",
    async (name, trial) => {
      const seed = Date.now() % 1_000_000;
      const lines: string[] = [];
      const directory = join(scratch, name);
      mkdirSync(directory);
      const report = await trial({
        ...{ directory, contents, sources: join(scratch, "contents"), random: seededRandom(seed) },
        ...{ rounds: 2, longest: 2, log: (line) => void lines.push(line), isOver: () => false },
      });
      if (report.findings.length > 0) {
        const again = `npm run chaos -- --only ${name} --rounds 2 --longest 2 --seed ${seed}`;
        throw new Error([...report.findings, `to see it again: ${again}`, ...lines].join("\n"));
      }
    },
    600_000,
  );
});
