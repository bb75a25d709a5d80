// The certificates of a TLS connection to Redis, read anew for each connection, so that they can be renewed.
import { readFileSync } from "node:fs";
import { createSecureContext, type SecureContext } from "node:tls";
import { JobError } from "../jobs/index.js";
import type { TlsFiles } from "./url.js";

/** What ioredis hands to `tls.connect`: it copies this for each connection that it makes. */
interface RedisTls {
  readonly servername?: string;
  readonly secureContext?: SecureContext;
}

/**
 * Reads the files. Later connections read them again; while they cannot be used, as between two of them being
 * replaced, the last that could be are.
 * @throws `QUEUE_UNAVAILABLE` naming a file that cannot be read, or if they do not fit together
 */
export function openTls({ servername, ...files }: TlsFiles): RedisTls {
  const name = servername === undefined ? {} : { servername };
  if (Object.keys(files).length === 0) return name;
  let last = readContext(files);
  return {
    ...name,
    get secureContext() {
      try {
        last = readContext(files);
      } catch {
        // The last one is all there is.
      }
      return last;
    },
  };
}

function readContext(files: Omit<TlsFiles, "servername">): SecureContext {
  const contents = Object.entries(files).map(([parameter, file]) => {
    try {
      return [parameter, readFileSync(file)] as const;
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      throw new JobError("QUEUE_UNAVAILABLE", `the file ${file} (${parameter} of the Redis URL): ${code}`, {
        cause,
      });
    }
  });
  try {
    return createSecureContext(Object.fromEntries(contents));
  } catch (cause) {
    const names = Object.values(files).join(", ");
    const { message } = cause as Error;
    throw new JobError("QUEUE_UNAVAILABLE", `TLS to Redis with ${names}: ${message}`, { cause });
  }
}
