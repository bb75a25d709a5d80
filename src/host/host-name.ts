// What this host is called, among those that share a root or a queue.
import { hostname } from "node:os";

/**
 * The system's own name, for where nobody has given another: 1 to 64 of A-Z a-z 0-9 _ . -, as it becomes part of file
 * names and of keys in Redis. Other characters become `-`.
 */
export function systemHostName(): string {
  const name = hostname()
    .replaceAll(/[^A-Za-z0-9_.-]/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 64);
  return name === "" ? "localhost" : name;
}
