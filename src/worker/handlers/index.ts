// Every job of the contract has its handler here: the type says so.
import type { JobName } from "../../jobs/index.js";
import type { Handler } from "../handler.js";
import { checksum } from "./checksum.js";
import { deleteImage } from "./delete.js";
import { store } from "./store.js";

export const handlers: { readonly [Name in JobName]: Handler<Name> } = {
  store,
  checksum,
  delete: deleteImage,
};
