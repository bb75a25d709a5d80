// The certificates of TLS connections to Redis. They are read again for each connection, so that they can be renewed.
import { readFileSync } from "node:fs";
import { createSecureContext, type SecureContext } from "node:tls";
import { JobError } from "../terms/index.js";
import type { TlsFiles } from "./url.js";

/** What ioredis passes to `tls.connect`. It copies this for each connection, and so calls the getter each time. */
interface RedisTls {
  readonly servername?: string;
  readonly secureContext?: SecureContext;
}

/**
 * Reads the files. Later connections read them again; if they cannot be used then, as while they are being replaced,
 * the last contents that could be used are taken.
 * @throws `INVALID_OPTION` naming a file that cannot be read, or if the files do not fit together
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
        // The last one is taken.
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
      throw new JobError("INVALID_OPTION", `the file ${file} (${parameter} of the Redis URL): ${code}`, {
        cause,
      });
    }
  });
  try {
    return createSecureContext(Object.fromEntries(contents));
  } catch (cause) {
    const names = Object.values(files).join(", ");
    const { message } = cause as Error;
    throw new JobError("INVALID_OPTION", `TLS to Redis with ${names}: ${message}`, { cause });
  }
}
