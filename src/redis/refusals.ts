// What a Redis server answers instead of doing what it was asked, and what that means.
import { JobError } from "../terms/index.js";

/** What there is to know of a refusal. */
interface RefusalFacts {
  /** What has happened, and what to do about it, in one line of Markdown. */
  readonly meaning: string;
  /** True if it passes without anybody changing this side: the same command is taken later. */
  readonly isPassing: boolean;
  /** True if another connection may reach a server that takes the command. */
  readonly reconnects: boolean;
}

/** Every refusal that is `QUEUE_UNAVAILABLE`, by the word that its message begins with. */
export const redisRefusals = {
  OOM: {
    meaning: "Redis is full (`maxmemory` with `noeviction`): give it more memory, or remove jobs",
    ...{ isPassing: true, reconnects: false },
  },
  BUSY: {
    meaning: "a script of somebody runs for too long: wait for it, or end it with `SCRIPT KILL`",
    ...{ isPassing: true, reconnects: false },
  },
  MISCONF: {
    meaning: "Redis cannot write its files, and takes no writes until it can: look at its disk and its log",
    ...{ isPassing: true, reconnects: true },
  },
  READONLY: {
    meaning: "the server is a replica: name the master, or the sentinels",
    ...{ isPassing: true, reconnects: true },
  },
  NOREPLICAS: {
    meaning: "fewer replicas follow than `min-replicas-to-write` asks for",
    ...{ isPassing: true, reconnects: true },
  },
  LOADING: { meaning: "Redis starts, and reads its files", ...{ isPassing: true, reconnects: true } },
  MASTERDOWN: {
    meaning: "the server is a replica without a master",
    ...{ isPassing: true, reconnects: true },
  },
  CLUSTERDOWN: {
    meaning: "the cluster is incomplete, and serves nobody: look at `CLUSTER INFO`",
    ...{ isPassing: true, reconnects: true },
  },
  UNBLOCKED: { meaning: "the server has become a replica", ...{ isPassing: true, reconnects: true } },
  NOAUTH: {
    meaning: "Redis asks for a password, and the URL has none",
    ...{ isPassing: false, reconnects: false },
  },
  WRONGPASS: {
    meaning: "the user or the password of the URL is wrong",
    ...{ isPassing: false, reconnects: false },
  },
  NOPERM: {
    meaning: "the user of the URL lacks a right: those that are needed stand under Users",
    ...{ isPassing: false, reconnects: false },
  },
} as const satisfies Readonly<Record<string, RefusalFacts>>;

type RefusalCode = keyof typeof redisRefusals;

/** A refusal as it is told of. */
export interface RedisRefusal extends RefusalFacts {
  readonly code: RefusalCode;
  /** What Redis said, without the name of the script in which it said so, and what it means. */
  readonly message: string;
}

/** The refusal that an error is, whether of a command, of one in a script, or of one in a transaction; else undefined. */
export function refusalOf(error: unknown): RedisRefusal | undefined {
  if (!(error instanceof Error)) return undefined;
  const { previousErrors = [] } = error as { readonly previousErrors?: readonly Error[] };
  for (const { message } of [error, ...previousErrors]) {
    // Redis 6 puts an error before that of a command in a script.
    const inScript = /@user_script: ?\d+: ?-?([A-Z]+\b.*)$/s.exec(message)?.[1] ?? message.replace(/^-/, "");
    // There Redis 7 gives the lack of a right no word of its own.
    const said = inScript.replace(/^(ERR )?(?=The user executing the script can't)/, "NOPERM ");
    const [code = ""] = /^[A-Z]+\b/.exec(said) ?? [];
    if (!isRefusalCode(code)) continue;
    const facts = redisRefusals[code];
    const [bare = ""] = said.split(/\.? script: /);
    return { ...facts, code, message: `${bare} (${facts.meaning.replaceAll("`", "")})` };
  }
  return undefined;
}

/** A refusal of Redis as the error that it is to everybody: `QUEUE_UNAVAILABLE`. Any other error is returned as it is. */
export function asUnavailable(error: unknown): unknown {
  const refusal = error instanceof JobError ? undefined : refusalOf(error);
  if (refusal === undefined) return error;
  return new JobError("QUEUE_UNAVAILABLE", `Redis refuses: ${refusal.message}`, { cause: error });
}

function isRefusalCode(code: string): code is RefusalCode {
  return Object.hasOwn(redisRefusals, code);
}
