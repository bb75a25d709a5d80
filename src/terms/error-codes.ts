// The error codes of Stevedore: what each means, whether a job that failed with it is tried again, and the HTTP status it
// is answered with. This is the only list of them; docs/jobs.md repeats it for readers, held equal by a test.

/** What there is to know of a code. */
export interface ErrorCodeFacts {
  /** True where time may heal the error, so that the worker tries the job again. */
  readonly isTransient: boolean;
  /** The status of an HTTP answer. */
  readonly status: number;
  /** When it is given, in one line of Markdown. */
  readonly meaning: string;
}

/** A code is never renamed: programs depend on it. */
export const errorCodeTable = {
  INVALID_ID: { isTransient: false, status: 422, meaning: "a text that cannot be an image id" },
  INVALID_NAME: {
    isTransient: false,
    status: 422,
    meaning: "a text that cannot be the name of an image, or no reference to one",
  },
  INVALID_JOB: {
    isTransient: false,
    status: 422,
    meaning: "the data breaks the contract; `verify` of an image without a stored tar digest",
  },
  INVALID_OPTION: {
    isTransient: false,
    status: 400,
    meaning: "a flag, a variable of the environment, a token or an address is wrong; no job fails with it",
  },
  IMAGE_NOT_FOUND: { isTransient: false, status: 404, meaning: "there is no image of that id or name" },
  AMBIGUOUS_ID: {
    isTransient: false,
    status: 409,
    meaning: "several images have ids that begin so, or several queues a job of that id",
  },
  FILE_NOT_FOUND: { isTransient: false, status: 404, meaning: "the image, or the layer, has no such path" },
  NOT_A_FILE: {
    isTransient: false,
    status: 409,
    meaning: "the path is a directory, a device, or symbolic links that lead in a circle",
  },
  NOT_A_DIRECTORY: { isTransient: false, status: 409, meaning: "the path is not a directory" },
  IMAGE_EXISTS: { isTransient: false, status: 409, meaning: "the id is taken" },
  IMAGE_BROKEN: {
    isTransient: false,
    status: 409,
    meaning: "what lies in the graph is damaged, an image or the names",
  },
  PARENT_NOT_FOUND: { isTransient: false, status: 422, meaning: "the parent is not in the graph" },
  PARENT_CYCLE: { isTransient: false, status: 409, meaning: "an image would be its own ancestor" },
  IMAGE_IN_USE: { isTransient: false, status: 409, meaning: "other images or mounts need the image" },
  SOURCE_NOT_FOUND: { isTransient: false, status: 422, meaning: "the source is not there" },
  SOURCE_FORBIDDEN: {
    isTransient: false,
    status: 403,
    meaning: "the worker's operator does not allow the source, or its server refuses",
  },
  SOURCE_MISMATCH: {
    isTransient: false,
    status: 422,
    meaning: "the source has another digest than was given",
  },
  BAD_ARCHIVE: { isTransient: false, status: 422, meaning: "the archive is damaged, or of no known format" },
  UNSAFE_ENTRY: {
    isTransient: false,
    status: 422,
    meaning: "the archive has an entry that would lie outside of the layer",
  },
  LIMIT_EXCEEDED: {
    isTransient: false,
    status: 413,
    meaning: "larger than the operator allows; see [limits](limits.md)",
  },
  NO_SPACE: { isTransient: true, status: 507, meaning: "the disk is full, or a quota" },
  ATTRIBUTE_UNSUPPORTED: {
    isTransient: false,
    status: 507,
    meaning:
      "the disk cannot keep an attribute of a file: an extended attribute, a capability, an owner, a time",
  },
  NEEDS_ROOT: { isTransient: false, status: 501, meaning: "the worker would have to be root" },
  UNKNOWN_RECIPE: { isTransient: false, status: 422, meaning: "there is no recipe of that name" },
  CHECKSUM_MISMATCH: {
    isTransient: false,
    status: 409,
    meaning: "a layer that changes each of three times it is read; in a `verify-graph`, one that is another",
  },
  NOT_MOUNTED: { isTransient: false, status: 404, meaning: "there is no such mount" },
  ALREADY_MOUNTED: { isTransient: false, status: 409, meaning: "the target is taken" },
  TARGET_FORBIDDEN: {
    isTransient: false,
    status: 403,
    meaning: "the target may not be mounted on, or not pushed to",
  },
  MOUNT_UNSUPPORTED: { isTransient: false, status: 501, meaning: "this driver cannot do that here" },
  MOUNT_FAILED: {
    isTransient: true,
    status: 503,
    meaning: "the kernel refused, or a target stays busy for 10 s",
  },
  TOOL_MISSING: { isTransient: false, status: 501, meaning: "the worker's host lacks a program" },
  CALLBACK_REFUSED: {
    isTransient: false,
    status: 403,
    meaning: "a callback's host or address is not allowed, or its receiver has gone; no job fails with it",
  },
  CALLBACK_FAILED: {
    isTransient: true,
    status: 503,
    meaning: "a callback's receiver did not take the notification; no job fails with it",
  },
  QUEUE_UNAVAILABLE: {
    isTransient: true,
    status: 503,
    meaning: "Redis is away, or refuses: [redis](redis.md)",
  },
  JOB_NOT_FOUND: {
    isTransient: false,
    status: 404,
    meaning: "there is no such job, or no longer: its record was removed; no job fails with it",
  },
  CANCELLED: { isTransient: false, status: 409, meaning: "the job was cancelled" },
  INTERNAL: {
    isTransient: true,
    status: 500,
    meaning: "anything else: I/O errors of a source, a stuck tool",
  },
} as const satisfies Record<string, ErrorCodeFacts>;

export type ErrorCode = keyof typeof errorCodeTable;

/** Every code that a job, the producer, the command line or the HTTP API may answer with. */
export const errorCodes = Object.keys(errorCodeTable) as [ErrorCode, ...ErrorCode[]];

/** True for a code that time may heal, so that the worker tries the job again. */
export function isTransient(code: ErrorCode): boolean {
  return errorCodeTable[code].isTransient;
}

/** The HTTP status that a code is answered with. */
export function statusOf(code: ErrorCode): number {
  return errorCodeTable[code].status;
}

/** True for one of the codes. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(errorCodeTable, value);
}
