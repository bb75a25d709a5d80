// How GNU tar is called to write a layer.

/** Whose the files become: those that the archive names, or all of them this process's. */
export type Ownership = "kept" | "squashed";

/**
 * The options with which GNU tar writes an archive to a directory.
 * - tar's own guards stay on behind the inspector: there is no `-P`.
 * - `trusted.*` is never restored, because an archive could forge the metadata of an overlay by it, nor is
 *   `security.selinux`, which is this host's to set.
 * - Warnings are off: none is an error, and many could push the error out of what is kept of stderr.
 * - The blocking factor lets tar read up to 1 MiB at a time from its pipe instead of 10 KiB.
 */
export function extractionOptions(destination: string, ownership: Ownership): string[] {
  const owner = ownership === "kept" ? "--same-owner" : "--no-same-owner";
  const capability = ownership === "kept" ? ["--xattrs-include=security.capability"] : [];
  return [
    "-x",
    "-f",
    "-",
    "-C",
    destination,
    "--warning=none",
    "--blocking-factor=2048",
    "--numeric-owner",
    owner,
    "--same-permissions",
    "--delay-directory-restore",
    "--xattrs",
    ...capability,
    "--xattrs-include=user.*",
  ];
}
