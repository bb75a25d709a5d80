// The names by which a layer says what it deletes of the layers below (AUFS; OCI image spec, layer.md, "Whiteouts").

/** In a directory: nothing that the layers below have in it is seen. */
export const opaqueMarker = ".wh..wh..opq";
/** Begins every name that AUFS or OCI give a meaning; no file of a layer can be called so. */
export const whiteoutPrefix = ".wh.";

/** What a name in a layer's directory says. */
type NameMeaning =
  /** It is a file of that name. */
  | { readonly kind: "file" }
  /** It deletes `name` of the layers below. */
  | { readonly kind: "whiteout"; readonly name: string }
  | { readonly kind: "opaque" }
  /** It is AUFS's own (`.wh..wh.plnk`), or deletes nothing that can exist. It means nothing and is not seen. */
  | { readonly kind: "reserved" };

/** Reads a base name. The whiteout's prefix is taken off as a whole: `.wh.hostname` deletes `hostname`. */
export function meaningOf(name: string): NameMeaning {
  if (!name.startsWith(whiteoutPrefix)) return { kind: "file" };
  if (name === opaqueMarker) return { kind: "opaque" };
  const deleted = name.slice(whiteoutPrefix.length);
  if (["", ".", ".."].includes(deleted) || name.startsWith(".wh..wh.")) return { kind: "reserved" };
  return { kind: "whiteout", name: deleted };
}
