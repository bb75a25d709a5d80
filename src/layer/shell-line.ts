// A recipe as a line of shell: with it anybody can recompute a checksum without Stevedore.
import { join } from "node:path";
import { type RecipeName, recipes } from "../terms/index.js";
import { bsdtarArguments } from "./archive.js";
import { canonicalTarArguments } from "./canonical-tar.js";
import { xzFlags } from "./xz/index.js";

export interface ShellLineOptions {
  /** The directory that holds `json` and `layer`. Without it, the command has to be run in that directory. */
  readonly imageDirectory?: string | undefined;
  /** For a host whose tar leaves the device fields empty (see `checkTar`). Default false. */
  readonly leavesFieldsEmpty?: boolean | undefined;
}

/** The shell command that prints the hex sha256 an image's checksum consists of. */
export function shellLine(
  recipe: RecipeName,
  { imageDirectory, leavesFieldsEmpty = false }: ShellLineOptions = {},
): string {
  const record = within(imageDirectory, "json");
  const layer = within(imageDirectory, "layer");
  return `{ cat ${quote(record)}; echo; ${archiveCommand(recipe, layer, leavesFieldsEmpty)}; } | sha256sum`;
}

/**
 * What `fillDeviceFields` does, in Perl, which every Debian has: it walks the headers, puts zeros into empty device
 * fields, and corrects the checksum.
 */
const fillInPerl = [
  "while(read STDIN,$h,512){$t=substr$h,156,1;",
  'if($h=~/^[^\\0]/&&$t!~/[xg34]/&&substr($h,329,16)eq"\\0"x16){substr($h,329,16)="0000000\\0"x2;',
  'substr($h,148,8)=" "x8;substr($h,148,8)=sprintf"%06o\\0 ",unpack"%32C*",$h}',
  "print$h;$n=$t=~/[xg07]/?$z//oct substr$h,124,11:0;undef$z;$m=$n;",
  "for($n=($n+511&~511);$n>0;$n-=length$b){read STDIN,$b,$t eq x||$n<65536?$n:65536 or last;print$b}",
  'if($t eq x){$b=substr$b,0,$m;while($b=~/^(\\d+) /){$r=substr$b,0,$1,"";$z=$1 if$r=~/^\\d+ size=(\\d+)\\n$/}}}',
].join("");

function archiveCommand(name: RecipeName, layer: string, leavesFieldsEmpty: boolean): string {
  const recipe = recipes[name];
  if (recipe.archiver === "bsdtar") {
    return ["bsdtar", ...bsdtarArguments(recipe, layer).map(quote)].join(" ");
  }
  const tar = ["tar", ...canonicalTarArguments(layer).map(quote)].join(" ");
  const filled = leavesFieldsEmpty ? `${tar} | perl -e '${fillInPerl}'` : tar;
  return `${filled} | xz ${xzFlags(recipe).join(" ")}`;
}

/** The path below the directory, written so that no tool takes it for an option. */
function within(directory: string | undefined, name: string): string {
  if (directory === undefined) return name;
  const path = join(directory, name);
  return path.startsWith("-") ? `./${path}` : path;
}

/** Quotes a word for a POSIX shell if it needs that; of `--option=value` only the value. */
function quote(word: string): string {
  const [, option = "", value = ""] = /^(--[a-z-]+=)?(.*)$/s.exec(word) ?? [];
  if (/^[A-Za-z0-9_./:=,%+-]+$/.test(value)) return word;
  return `${option}'${value.replaceAll("'", "'\\''")}'`;
}
