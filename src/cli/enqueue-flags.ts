// The flags of the commands that enqueue jobs, which are for the jobs: `CommandContext.jobOptions` has what they say.
import { Option } from "commander";
import { largestPriority } from "../terms/index.js";
import { duration, wholeNumber } from "./run-command.js";

/** `--priority N` */
export const priorityOption = new Option(
  "--priority <n>",
  `which jobs go first: 1 to ${largestPriority}, the lower the sooner (default: before all of them)`,
).argParser(wholeNumber(1, largestPriority));

/** `--delay TIME` */
export const delayOption = new Option(
  "--delay <time>",
  "let the job wait that long first, such as 90s, 15m, 12h or 30d",
).argParser(duration);
