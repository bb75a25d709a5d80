// How the commands name a path in an image.

/** What the help says of how paths are written. */
export const pathSpelling =
  "\nA name is written as UTF-8. A byte that is not, or that would move the terminal, is \\xHH, and a backslash is \\\\;\nPATH takes the same.";
