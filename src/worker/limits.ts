// What a layer may measure, unless the operator says otherwise. Loaded by the command line's help, so it
// imports nothing that takes time.

/**
 * 8 GiB of archive once decompressed, and ten million entries. Registries take layers of 10 GB at most;
 * a few KB can decompress to any number of zeros.
 */
export const defaultLimits = { maxBytes: 8 * 1024 ** 3, maxEntries: 10_000_000 } as const;
