// The processes of a trial that has several: each can be killed, told to end or let stand still, and is started again.
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type Running, startStevedore } from "../support/processes/stevedore.js";

export interface CrewMember {
  readonly role: "worker" | "compressor";
  /** Its command, and what it says when it serves. */
  readonly args: readonly string[];
  readonly ready: RegExp;
  readonly root?: string;
}

export interface Crew {
  readonly members: readonly CrewMember[];
  /** Starts all of them, and waits until they serve. */
  start(): Promise<void>;
  /** `kill -9`, and starts it again after so many ms. */
  kill(member: CrewMember, pause: number): Promise<void>;
  /** SIGTERM, and starts it again when it has ended. @throws if it does not end with 0 */
  replace(member: CrewMember): Promise<void>;
  /** Lets it stand still for so many ms, as a host does that hangs. */
  freeze(member: CrewMember, ms: number): Promise<void>;
  /** SIGTERM for all, and waits for their ends. @throws if one does not end with 0 */
  stop(): Promise<void>;
  /** `kill -9` for all. */
  killAll(): Promise<void>;
  /** The last that they said. */
  lastWords(): string;
}

/** Makes a crew. @param env for all of their processes */
export function openCrew(members: readonly CrewMember[], env: Readonly<Record<string, string>>): Crew {
  const running = new Map<CrewMember, Running>();
  const start = async (member: CrewMember) => {
    const { args, ready, root } = member;
    const started = startStevedore(args, { ...(root === undefined ? {} : { root }), env });
    running.set(member, started);
    await started.says(ready);
  };
  const kill = async (member: CrewMember) => {
    const victim = running.get(member)?.process;
    if (victim === undefined || victim.exitCode !== null || victim.signalCode !== null) return;
    const exited = once(victim, "exit");
    victim.kill("SIGKILL");
    await exited;
  };
  const end = async (member: CrewMember) => {
    const ended = await running.get(member)?.stop("SIGTERM");
    running.delete(member);
    if (ended !== undefined && ended.code !== 0)
      throw new Error(`the ${member.role} ended with ${ended.code}: ${ended.stderr.slice(-2_000)}`);
  };
  return {
    members,
    start: async () => void (await Promise.all(members.map(start))),
    async kill(member, pause) {
      await kill(member);
      await sleep(pause);
      await start(member);
    },
    async replace(member) {
      await end(member);
      await start(member);
    },
    async freeze(member, ms) {
      const frozen = running.get(member)?.process;
      frozen?.kill("SIGSTOP");
      await sleep(ms);
      frozen?.kill("SIGCONT");
    },
    stop: async () => void (await Promise.all(members.map(end))),
    killAll: async () => void (await Promise.all(members.map(kill))),
    lastWords: () =>
      [...running].map(([{ role }, { output }]) => `${role}:\n${output().slice(-3_000)}`).join("\n"),
  };
}
