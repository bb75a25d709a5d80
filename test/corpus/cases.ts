// The corpus: every case by its class.
import { attributes } from "./attributes.js";
import { bombs } from "./bombs.js";
import type { CorpusCase } from "./case.js";
import { links } from "./links.js";
import { longNames } from "./long-names.js";
import { names } from "./names.js";
import { numbers } from "./numbers.js";
import { paxRecords } from "./pax-records.js";
import { replacements } from "./replacements.js";
import { sparse } from "./sparse.js";
import { structure } from "./structure.js";
import { types } from "./types.js";

export const corpus: Readonly<Record<string, readonly CorpusCase[]>> = {
  names,
  links,
  replacements,
  "pax records": paxRecords,
  "long names": longNames,
  types,
  attributes,
  numbers,
  "sparse files": sparse,
  bombs,
  structure,
};

/** The classes whose attacks reach for something outside. */
export const traversals = ["names", "links", "replacements", "pax records", "long names"];
