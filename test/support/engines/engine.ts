// What the tests ask of a real engine, Docker or podman, whose images are compared with ours.
import { execa, type Options } from "execa";
import { listTree } from "../trees/tree-listing.js";

/** An engine with a store of its own, empty at first. */
export interface Engine {
  /** Runs a command of its command line and returns what it prints. */
  run(args: readonly string[]): Promise<string>;
  /** Makes an image of one layer, without history of its own but for that. */
  importTar(archive: string, name: string): Promise<void>;
  /** Builds a Dockerfile in a directory that holds it as `Dockerfile`, with the files that it names. */
  build(context: string, name: string, options?: readonly string[]): Promise<void>;
  /** Loads the images of an archive. */
  load(archive: string): Promise<void>;
  /** Writes images into one archive, in the engine's own format or in another that it has. */
  save(references: readonly string[], archive: string, format?: string): Promise<void>;
  /** Removes an image and the layers that no other has. */
  remove(reference: string): Promise<void>;
  /** Runs the image's command, or another, in a container without a network, and returns what it prints. */
  start(reference: string, ...command: readonly string[]): Promise<string>;
  /** The image ID, `sha256:` and hex. */
  imageId(reference: string): Promise<string>;
  diffIds(reference: string): Promise<readonly string[]>;
  /** The names of all images, sorted. */
  names(): Promise<readonly string[]>;
  /** What its `history` shows, newest first: a line of JSON with creation time, command, size and comment of each step. */
  history(reference: string): Promise<readonly string[]>;
  /** The image's config, as the engine tells it: command, environment, labels and so on. */
  config(reference: string): Promise<unknown>;
  /** What a container of the image would see, as `shownTree` lists it, but for the root itself: engines make that anew. */
  listing(reference: string): Promise<readonly string[]>;
}

/** The directories in which Debian has the engines and what they call. */
export const enginePath = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`;

/** Runs a program of an engine; an error says what it has printed. */
export async function runProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const options = {
    env: { PATH: enginePath, LC_ALL: "C.UTF-8", TMPDIR: process.env.TMPDIR, ...env },
    extendEnv: false,
    stdin: "ignore",
  } satisfies Options;
  const { stdout } = await execa(program, args, options);
  return stdout;
}

/** What an engine shows of an image at a path. */
export async function shownByEngine(directory: string): Promise<readonly string[]> {
  return withoutRoot((await listTree(directory)).map((line) => line.replace(/ links=\d+/, "")));
}

/** A listing of a tree without the line of the root. */
export function withoutRoot(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => !line.startsWith('"." '));
}

/** One line of what `history` shows. */
export interface HistoryStep {
  readonly created: string;
  readonly createdBy: string;
  readonly size: string;
  readonly comment: string;
}

/** The same line for the same step, whatever the engine calls its fields. */
export function historyLine({ created, createdBy, size, comment }: HistoryStep): string {
  return JSON.stringify([created, createdBy, size, comment]);
}

/** The lines of a text that are not empty, sorted. */
export function sortedLines(text: string): string[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .sort();
}
