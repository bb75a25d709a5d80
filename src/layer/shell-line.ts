// A recipe as a line of shell, with which anybody recomputes a checksum without Stevedore.
import { join } from "node:path";
import { canonicalTarArguments } from "./canonical-tar.js";
import { dockerTarArguments, type RecipeName, recipes } from "./recipe.js";

const MiB = 1024 * 1024;

/**
 * The shell command that prints the hex sha256 an image's checksum consists of.
 * @param imageDirectory the directory that holds `json` and `layer`; without it the command is to be run there.
 */
export function shellLine(recipe: RecipeName, imageDirectory?: string): string {
  const record = within(imageDirectory, "json");
  const layer = within(imageDirectory, "layer");
  return `{ cat ${quote(record)}; echo; ${archiveCommand(recipe, layer)}; } | sha256sum`;
}

function archiveCommand(name: RecipeName, layer: string): string {
  const recipe = recipes[name];
  if (recipe.archiver === "bsdtar") {
    // The locale decides how bsdtar writes names that are not ASCII.
    return ["LC_ALL=C", "bsdtar", ...dockerTarArguments(layer).map(quote)].join(" ");
  }
  const tar = ["tar", ...canonicalTarArguments(layer).map(quote)].join(" ");
  return `${tar} | xz -${recipe.preset} --check=crc64 --block-size=${recipe.blockSize / MiB}MiB -T2`;
}

/** A path that no tool takes for an option, whatever the directory is called. */
function within(directory: string | undefined, name: string): string {
  if (directory === undefined) return name;
  const path = join(directory, name);
  return path.startsWith("-") ? `./${path}` : path;
}

/** Quotes a word for a POSIX shell where it needs it; of `--option=value`, the value only. */
function quote(word: string): string {
  const [, option = "", value = ""] = /^(--[a-z-]+=)?(.*)$/s.exec(word) ?? [];
  if (/^[A-Za-z0-9_./:=,%+-]+$/.test(value)) return word;
  return `${option}'${value.replaceAll("'", "'\\''")}'`;
}
