// The forest of images as nodes and edges, for pictures of it. Fast for tens of thousands of images.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { CatalogImage, ImageCatalog, NamesByImage } from "../../listing/index.js";
import { openMounts } from "../../mount/index.js";
import type { App, ServerContext } from "../context.js";
import { namesTag, notModified } from "./entity-tag.js";
import { forest } from "./image-schemas.js";

/** How many characters of the document are sent at a time. */
const pieceLength = 64 * 1024;

/** `/api/v1/graph`, from a catalog of the images. */
export function addGraphRoute(
  app: App,
  { graph, signal }: ServerContext,
  catalog: () => Promise<ImageCatalog>,
  names: () => Promise<NamesByImage>,
): void {
  const texts = new WeakMap<CatalogImage, string>();

  /** The first part of a node's JSON, which changes only with the image; its mounts and names are appended. */
  const textOf = (image: CatalogImage): string => {
    let text = texts.get(image);
    if (text === undefined) {
      const { id, parent, created, comment, layerBytes, checksums, broken } = image;
      const node = { id, parent, created, comment, layerBytes, checksums, broken: broken?.code };
      text = JSON.stringify(node).slice(0, -1);
      texts.set(image, text);
    }
    return text;
  };

  app.get(
    "/api/v1/graph",
    {
      schema: {
        tags: ["images"],
        operationId: "getGraph",
        summary: "All images as nodes and edges",
        response: { 200: forest, 304: notModified },
      },
    },
    async (request, reply) => {
      const { images } = await catalog();
      const mounts = new Map<string, number>();
      for (const { id } of openMounts(graph).list()) mounts.set(id, (mounts.get(id) ?? 0) + 1);
      const namesById = await names();
      const nodes = images.map((image) => {
        const { id } = image;
        const own = JSON.stringify(namesById.get(id) ?? []);
        return `${textOf(image)},"mounts":${mounts.get(id) ?? 0},"names":${own}}`;
      });
      const tag = tagOf(nodes);
      reply.header("etag", tag).header("cache-control", "no-cache");
      if (namesTag(request.headers["if-none-match"], tag)) return reply.code(304).send(null);
      const document = Readable.from(inPieces(documentOf(images, nodes)), { objectMode: false, signal });
      return reply.type("application/json; charset=utf-8").send(document as never);
    },
  );
}

/** The entity tag, made of the nodes alone: the edges follow from them. */
function tagOf(nodes: readonly string[]): string {
  const hash = createHash("sha256");
  for (const node of nodes) hash.update(node).update("\n");
  return `"${hash.digest("base64url")}"`;
}

function* documentOf(
  images: readonly CatalogImage[],
  nodes: readonly string[],
): Generator<string, void, undefined> {
  const present = new Set(images.map(({ id }) => id));
  yield '{"nodes":[';
  for (const [at, node] of nodes.entries()) yield at === 0 ? node : `,${node}`;
  yield '],"edges":[';
  let separator = "";
  for (const { id, parent } of images) {
    if (parent === null || !present.has(parent)) continue;
    yield `${separator}${JSON.stringify({ child: id, parent })}`;
    separator = ",";
  }
  yield "]}";
}

/** Joins texts to pieces that are large enough for a write. */
function* inPieces(texts: Iterable<string>): Generator<string, void, undefined> {
  let piece = "";
  for (const text of texts) {
    piece += text;
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = "";
  }
  yield piece;
}
