// Types for a package that has none. ioredis depends on it as well.
declare module "cluster-key-slot" {
  /** The slot of a key, 0 to 16,383 (Redis Cluster specification, "Key distribution model"). */
  export default function keySlot(key: string): number;
}
