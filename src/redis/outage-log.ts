// Tells of outages of Redis in few lines. BullMQ reports each attempt of each of its connections, twenty in a second.
import type { Redis } from "ioredis";
import { formatSeconds } from "../terms/index.js";
import { refusalOf } from "./refusals.js";
import { describeRedis } from "./url.js";

export interface OutageLog {
  /**
   * Takes an error of BullMQ.
   * @returns false for one that is no sign of an outage: that is to be told of by the caller
   */
  takes(error: Error): boolean;
  close(): void;
}

/** Times in ms. */
export interface OutageTiming {
  /** How often an outage is told of while it lasts. */
  readonly reminder: number;
  /** How long there must be no sign of an outage until it is over. */
  readonly quiet: number;
}

/** Other connections than the one that is watched come back up to 2 s later. */
export const outageTiming: OutageTiming = { reminder: 60_000, quiet: 2_500 };

/** The events of a client that matter here. */
type Client = Pick<Redis, "on" | "off">;

/** How `log` is to show a line. */
type OutageLevel = "error" | "warn";

/**
 * Writes a line when an outage begins, one a minute while it lasts, and one when it is over. An outage lasts while the
 * client has no connection, or Redis refuses what it is asked for, as when it is loading or full.
 * @param url for people: its hosts are named
 */
export function openOutageLog(
  redis: Client,
  url: string,
  log: (line: string, level: OutageLevel) => void,
  { reminder, quiet }: OutageTiming = outageTiming,
): OutageLog {
  const name = `Redis at ${describeRedis(url)}`;
  let isAway = false;
  let outage: { readonly since: number; lastSign: number; why: string } | undefined;
  let reminding: NodeJS.Timeout | undefined;
  let ending: NodeJS.Timeout | undefined;

  const lasted = (until: number) => formatSeconds(Math.max(1, until - (outage?.since ?? until)) / 1_000);
  const remind = () =>
    log(`${name} has not been available for ${lasted(performance.now())}${outage?.why ?? ""}`, "error");
  const end = () => {
    if (outage === undefined || isAway) return;
    clearInterval(reminding);
    log(`${name} is available again, after ${lasted(outage.lastSign)}`, "warn");
    outage = undefined;
  };
  /** A sign that Redis is away, or only now back. */
  const note = (error?: Error) => {
    const message = refusalOf(error)?.message ?? error?.message ?? "";
    const why = message === "" ? undefined : `: ${message}`;
    if (outage === undefined) {
      outage = { since: performance.now(), lastSign: performance.now(), why: why ?? "" };
      log(`${name} is not available, waiting for it${outage.why}`, "error");
      reminding = setInterval(remind, reminder);
    }
    outage.lastSign = performance.now();
    if (why !== undefined) outage.why = why;
    clearTimeout(ending);
    ending = setTimeout(end, quiet);
  };
  const onClose = () => {
    isAway = true;
    note();
  };
  const onReady = () => {
    isAway = false;
    if (outage !== undefined) note();
  };
  redis.on("error", note);
  redis.on("close", onClose);
  redis.on("ready", onReady);

  return {
    takes(error) {
      if (!isAway && !isSignOfOutage(error)) return false;
      note(error);
      return true;
    },
    close() {
      clearInterval(reminding);
      clearTimeout(ending);
      redis.off("error", note);
      redis.off("close", onClose);
      redis.off("ready", onReady);
    },
  };
}

/** True for an error of a connection, and for an answer by which Redis refuses whatever it is asked for. */
function isSignOfOutage(error: Error): boolean {
  const { syscall } = error as NodeJS.ErrnoException;
  return (
    refusalOf(error) !== undefined ||
    ["connect", "read", "write", "getaddrinfo"].includes(syscall ?? "") ||
    /Connection is closed|Command timed out|Socket timeout|ECONN|EPIPE|ETIMEDOUT|entinels?\b/.test(
      error.message,
    )
  );
}
