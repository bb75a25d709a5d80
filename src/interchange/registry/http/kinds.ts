// What requests to registries are for, which decides the codes of their errors.
import type { RequestKind } from "../../../outbound/index.js";

/** The requests of a pull. */
export const pulling: RequestKind = {
  flag: "--allow-registry",
  refusal: "SOURCE_FORBIDDEN",
  failure: "INTERNAL",
};

/** The requests of a push. */
export const pushing: RequestKind = { ...pulling, refusal: "TARGET_FORBIDDEN" };
