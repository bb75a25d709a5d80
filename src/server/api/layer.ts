// Downloads of layers: the canonical tar, or the archive of a recipe, as fast as disk and client are.
import { availableParallelism } from "node:os";
import { Readable } from "node:stream";
import { z } from "zod";
import type { Image } from "../../graph/index.js";
import { checkKnownAnswer, chooseXzEngine, engineCompressor, type XzEngine } from "../../layer/index.js";
import { type RecipeName, recipeNames, recipes } from "../../terms/index.js";
import type { App, ServerContext } from "../context.js";
import { HttpError, problem } from "../problem.js";
import { namesTag, notModified } from "./entity-tag.js";
import { referenceParams } from "./image-schemas.js";
import { layerBytes } from "./layer-download.js";
import { formatDigest } from "./uploads/index.js";

/** Blocks of one download that are compressed at a time: few, because the workers' jobs need the cores. */
const threads = 2;

const schema = {
  tags: ["images"],
  params: referenceParams,
  querystring: z.object({ recipe: z.enum(recipeNames).optional() }),
  response: {
    200: {
      description: "The archive",
      content: { "application/x-tar": { schema: z.unknown() }, "application/x-xz": { schema: z.unknown() } },
    },
    304: notModified,
    400: problem,
    404: problem,
    409: problem,
    501: problem,
    503: problem,
  },
};

/** What is known of a download before it begins. */
interface Description {
  readonly image: Image;
  /** The layer's tar digest; undefined if no checksum is stored with one. */
  readonly tarDigest: string | undefined;
  /** The entity tag; undefined if the tar digest does not determine the bytes, as with the recipe `docker`. */
  readonly tag: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** `/api/v1/images/{ref}/layer`: as many downloads at a time as there are cores. */
export function addLayerRoutes(app: App, { graph, signal, log }: ServerContext): void {
  const path = "/api/v1/images/:ref/layer";
  const most = availableParallelism();
  const running = new Set<Promise<unknown>>();
  const verifiedEngine = openEngine();
  app.addHook("onClose", async () => {
    await Promise.all(running);
  });

  const describe = async (ref: string, recipe: RecipeName | undefined): Promise<Description> => {
    const image = await graph.get(ref);
    const stored = Object.values(await graph.storedChecksums(image.id));
    const digests = new Set(stored.map(({ tarDigest }) => tarDigest).filter((each) => each !== null));
    const tarDigest = digests.size === 1 ? [...digests][0] : undefined;
    const tag = tarDigest === undefined || !followsFromTar(recipe) ? undefined : tagOf(tarDigest, recipe);
    return { image, tarDigest, tag, headers: headersOf(image, recipe, tarDigest, tag) };
  };

  app.head(
    path,
    {
      compress: false,
      schema: { ...schema, operationId: "headLayer", summary: "What a download of the layer would be" },
    },
    async ({ params: { ref }, query: { recipe } }, reply) => {
      const { headers } = await describe(ref, recipe);
      return reply.headers(headers).send();
    },
  );

  app.get(
    path,
    {
      compress: false,
      exposeHeadRoute: false,
      schema: {
        ...schema,
        operationId: "getLayer",
        summary: "The layer's canonical tar, or a recipe's archive",
      },
    },
    async ({ params: { ref }, query: { recipe }, headers: { "if-none-match": known } }, reply) => {
      const { image, tarDigest, tag, headers } = await describe(ref, recipe);
      if (tag !== undefined && namesTag(known, tag)) {
        return reply.code(304).header("etag", tag).send(null);
      }
      if (running.size >= most) {
        throw new HttpError(
          503,
          "TOO_MANY_REQUESTS",
          `${most} layers are being downloaded: no more at a time`,
        );
      }
      const left = new AbortController();
      const { raw } = reply;
      if (raw.destroyed) left.abort();
      let digest: Buffer | undefined;
      const bytes = bytesOf();
      const ended = new Promise<unknown>((resolve) => {
        const end = () => {
          left.abort();
          bytes.return().then(resolve, resolve);
        };
        if (raw.destroyed) end();
        else raw.once("close", end);
      });
      running.add(ended);
      ended.then(() => running.delete(ended));

      // An error before the first byte is answered as any other error.
      const first = await bytes.next();
      const body = Readable.from(behind(first, bytes), { objectMode: false, highWaterMark: 256 * 1024 });
      body.on("error", (error) => {
        if (!left.signal.aborted) log(`the download of the layer of ${image.id} broke off: ${error.message}`);
      });
      if (headers["repr-digest"] === undefined) {
        reply.trailer("repr-digest", async () =>
          digest === undefined ? "" : formatDigest({ algorithm: "sha-256", digest }),
        );
      }
      return reply.headers(headers).send(body);

      async function* bytesOf(): AsyncGenerator<Buffer, void, undefined> {
        const archive =
          recipe === undefined
            ? undefined
            : { recipe, compressor: engineCompressor(await verifiedEngine(), threads) };
        const told = (ofAll: Buffer) => {
          digest = ofAll;
        };
        const either = AbortSignal.any([signal, left.signal]);
        yield* layerBytes({ image, archive, tarDigest }, told, either);
      }
    },
  );
}

/** Whether the bytes are those of every layer with the same canonical tar: the tar's own, or a recipe's. */
function followsFromTar(recipe: RecipeName | undefined): boolean {
  return recipe === undefined || recipes[recipe].followsFromTar;
}

function tagOf(tarDigest: string, recipe: RecipeName | undefined): string {
  return recipe === undefined ? `"${tarDigest}"` : `"${recipe}:${tarDigest}"`;
}

function headersOf(
  { id }: Image,
  recipe: RecipeName | undefined,
  tarDigest: string | undefined,
  tag: string | undefined,
): Record<string, string> {
  const isTar = recipe === undefined;
  const digest = tarDigest && Buffer.from(tarDigest.slice("sha256:".length), "hex");
  return {
    "content-type": isTar ? "application/x-tar" : "application/x-xz",
    "content-disposition": `attachment; filename="${id}${isTar ? ".tar" : ".tar.xz"}"`,
    "cache-control": "no-cache",
    ...(tag === undefined ? {} : { etag: tag }),
    ...(isTar && digest ? { "repr-digest": formatDigest({ algorithm: "sha-256", digest }) } : {}),
  };
}

async function* behind(
  first: IteratorResult<Buffer, void>,
  others: AsyncGenerator<Buffer, void, undefined>,
): AsyncGenerator<Buffer, void, undefined> {
  if (first.done === true) return;
  yield first.value;
  yield* others;
}

/** The xz engine of this host, tested once: with other bytes than the recipe's a download would match no checksum. */
function openEngine(): () => Promise<XzEngine> {
  let verified: Promise<XzEngine> | undefined;
  const verify = async () => {
    const engine = await chooseXzEngine();
    await checkKnownAnswer(engine);
    return engine;
  };
  return () => {
    verified ??= verify().catch((error: unknown) => {
      verified = undefined;
      throw error;
    });
    return verified;
  };
}
