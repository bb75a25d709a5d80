// What people know from Docker: other words for commands of ours, and where to look for what Stevedore has not.

/** Aliases, by the command that they call. */
export const aliases: Readonly<Record<string, string>> = {
  rm: "rmi",
  export: "save",
  import: "load",
  unmount: "umount",
};

const noContainers = "Stevedore runs no containers:";
const toMount = `${noContainers} stevedore mount IMAGE shows an image as a directory`;

/** What to tell who asks for a command of Docker's that there is not. */
export const hints: Readonly<Record<string, string>> = {
  ps: `${noContainers} stevedore mounts lists what is mounted, stevedore jobs what is at work`,
  run: toMount,
  create: toMount,
  start: toMount,
  exec: toMount,
  cp: toMount,
  build:
    "Stevedore runs no Dockerfiles: stevedore store adds a directory or an archive as an image, stevedore commit what was written to a mount",
  stop: `${noContainers} stevedore unmount ends a mount, stevedore cancel a job`,
  kill: `${noContainers} stevedore unmount ends a mount, stevedore cancel a job`,
  logs: `${noContainers} stevedore job ID shows the log of a job`,
  top: `${noContainers} stevedore jobs --watch shows what is at work`,
  info: "stevedore doctor examines this host, the root and the queue",
  df: "stevedore images lists the images with their sizes, stevedore gc --dry-run what could be deleted",
  prune: "stevedore gc deletes the images that nothing needs",
  system: "stevedore doctor examines this host, stevedore gc deletes what nothing needs",
  image: "commands stand alone: stevedore images, inspect, history, tag, rm, gc",
  container: `${noContainers} see stevedore mounts`,
};
