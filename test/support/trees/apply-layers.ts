// What a stack of layers stands for, as an oracle: the layers applied one by one with bash, find, rm and tar. Written
// from the specification (OCI image spec, layer.md, "Applying Changesets"; aufs(5)) apart from the code under test.
import { execa } from "execa";

/**
 * Applies layers to an empty directory. Needs root.
 * @param layers their directories, the lowest first
 */
export async function applyLayers(layers: readonly string[], target: string): Promise<void> {
  await execa("bash", ["-c", script, "apply-layers", target, ...layers], { env: { LC_ALL: "C" } });
}

const script = String.raw`
set -euo pipefail
target=$1
shift

# A directory's attributes are those of the last layer that has it, so the ones it had before go.
forget_attributes() {
  [[ $# -gt 0 && -n $(getfattr --absolute-names -h -m '^user\.' -- "$@") ]] || return 0
  local directory name
  for directory; do
    for name in $(getfattr --absolute-names -h -m '^user\.' -- "$directory" | sed -n '/^user\./p'); do
      setfattr -h -x "$name" -- "$directory"
    done
  done
}

# What is no directory makes way for one. Behind this no symlink lies on the path of any directory of the layer.
make_way_for_directories() {
  local path kept=()
  while IFS= read -r -d "" path; do
    if [[ -d $target/$path && ! -L $target/$path ]]; then kept+=("$target/$path")
    elif [[ -e $target/$path || -L $target/$path ]]; then rm -f -- "$target/$path"
    fi
  done
  forget_attributes "$target" "${"$"}{kept[@]}"
}

delete_what_is_hidden() {
  local directory name
  while IFS= read -r -d "" directory && IFS= read -r -d "" name; do
    [[ -d $target/$directory ]] || continue
    case $name in
      .wh..wh..opq) find "$target/$directory" -mindepth 1 -maxdepth 1 -exec rm -rf -- {} + ;;
      .wh..wh.* | .wh. | .wh.. | .wh...) ;;
      *) rm -rf -- "$target/$directory/${"$"}{name#.wh.}" ;;
    esac
  done
}

# A file never mixes with what had its name.
make_way_for_files() {
  local path
  while IFS= read -r -d "" path; do
    if [[ -d $target/$path && ! -L $target/$path ]]; then rm -rf -- "$target/$path"; fi
  done
}

for layer; do
  find "$layer" -mindepth 1 -name '.wh.*' -prune -o -mindepth 1 -type d -printf '%P\0' | make_way_for_directories
  find "$layer" -name '.wh.*' -prune -printf '%P\0' | while IFS= read -r -d "" path; do
    if [[ $path == */* ]]; then printf '%s\0%s\0' "${"$"}{path%/*}" "${"$"}{path##*/}"
    else printf '.\0%s\0' "$path"
    fi
  done | delete_what_is_hidden
  find "$layer" -name '.wh.*' -prune -o ! -type d -printf '%P\0' | make_way_for_files
  tar -C "$layer" --format=posix --numeric-owner --xattrs --xattrs-include='*' --sparse --exclude='.wh.*' -cf - . |
    tar -C "$target" --numeric-owner --same-owner -p --xattrs --xattrs-include='*' \
      --delay-directory-restore -xf -
done
`;
