// The long form of the model: all faults in one run, then without each lock and sync.
//
//   npm run model
import { checkModel, parts } from "./check.js";

let isWrong = false;
for (const part of [undefined, ...Object.keys(parts)]) {
  const started = Date.now();
  const { states, fault } = await checkModel(part === undefined ? [] : [`WITHOUT_${part}`]);
  const isRight = (fault === undefined) === (part === undefined);
  isWrong ||= !isRight;
  const seconds = Math.round((Date.now() - started) / 1_000);
  const what = part === undefined ? "whole" : `without ${part}`;
  console.log(`${isRight ? "ok   " : "WRONG"} ${what}: ${states} states, ${seconds} s: ${fault ?? "holds"}`);
}
process.exitCode = isWrong ? 1 : 0;
