// The image that a name stands for, for a list of names.
import { type Graph, loadImage } from "../graph/index.js";
import { type ErrorCode, StevedoreError } from "../terms/index.js";
import { type BriefImage, inBrief } from "./image-summary.js";

/** What a list shows of an image that a name stands for; null for one that is not there. */
export async function readNamed(
  graph: Graph,
  id: string,
): Promise<(Pick<BriefImage, "created" | "comment"> & { readonly broken?: ErrorCode }) | null> {
  try {
    const { created, comment } = inBrief(loadImage(graph.directory, id));
    return { created, comment };
  } catch (error) {
    if (!(error instanceof StevedoreError)) throw error;
    if (error.code === "IMAGE_NOT_FOUND" || error.code === "INVALID_ID") return null;
    return { created: null, comment: null, broken: error.code };
  }
}
