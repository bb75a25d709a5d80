// Downloads of single files of images.
import { availableParallelism } from "node:os";
import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { type OpenContents, type OpenedFile, openFile, readSpelling } from "../../../contents/index.js";
import { imageReference } from "../../../jobs/index.js";
import type { App, ServerContext } from "../../context.js";
import { HttpError } from "../../problem.js";
import { namesTag, notModified } from "../entity-tag.js";
import { problemsOf } from "../problems-of.js";
import { attachment } from "./attachment.js";
import { type ByteRange, readRange } from "./byte-range.js";

const binary = (description: string) => ({
  description,
  content: { "application/octet-stream": { schema: z.unknown() } },
});

const path = z.string().max(16_000).meta({
  description: "Its slashes may stand as they are. Symbolic links are followed within the image",
});

/** `/api/v1/images/{ref}/files/{path}`: a few downloads at a time for each core. */
export function addFileRoutes(app: App, { signal, log }: ServerContext, open: OpenContents): void {
  const most = 4 * availableParallelism();
  const running = new Set<Promise<unknown>>();
  app.addHook("onClose", async () => {
    await Promise.all(running);
  });

  const send = async (ref: string, path: string, { headers }: FastifyRequest, reply: FastifyReply) => {
    if (running.size >= most) {
      throw new HttpError(503, "TOO_MANY_REQUESTS", `${most} files are being downloaded: no more at a time`);
    }
    const file = await openFile(await open(ref), readSpelling(path));
    const { raw } = reply;
    const ended = new Promise<void>((resolve) => {
      if (raw.destroyed) resolve();
      else raw.once("close", resolve);
    }).then(() => file[Symbol.asyncDispose]());
    running.add(ended);
    ended.then(
      () => running.delete(ended),
      () => running.delete(ended),
    );
    reply.headers({ etag: file.tag, "cache-control": "no-cache", "accept-ranges": "bytes" });
    if (namesTag(headers["if-none-match"], file.tag)) return reply.code(304).send(null);
    const ifRange = headers["if-range"];
    const isAsked = ifRange === undefined || ifRange === file.tag;
    const range = isAsked ? readRange(headers.range, file.size) : undefined;
    if (range === "unsatisfiable") {
      const message = `Range: the file has ${file.size} bytes`;
      throw new HttpError(416, "INVALID_REQUEST", message, { "content-range": `bytes */${file.size}` });
    }
    return reply
      .code(range === undefined ? 200 : 206)
      .headers(headersOf(file, range))
      .type("application/octet-stream")
      .send(bodyOf(file, range));
  };

  function bodyOf(file: OpenedFile, range: ByteRange | undefined): Readable {
    async function* bytes() {
      for await (const piece of file.read(range?.start, range?.end)) {
        signal.throwIfAborted();
        yield piece;
      }
    }
    const body = Readable.from(bytes(), { objectMode: false, highWaterMark: 256 * 1024 });
    body.on("error", (error) => log(`the download of ${file.path} broke off: ${error.message}`));
    return body;
  }

  app.get(
    "/api/v1/images/:ref/files/:path",
    {
      exposeHeadRoute: false,
      // Ranges and the tag are of the bytes as they are.
      compress: false,
      schema: {
        tags: ["images"],
        operationId: "getFile",
        summary: "The bytes of a file of an image, or with Range a part of them",
        params: z.object({ ref: imageReference, path }),
        response: {
          200: binary("The file"),
          206: binary("The part that Range asks for"),
          304: notModified,
          ...problemsOf(400, 404, 409, 416, 422, 500),
        },
      },
    },
    async (request, reply) => send(request.params.ref, request.params.path, request, reply),
  );
  // The same path with its slashes as they are.
  app.get(
    "/api/v1/images/:ref/files/*",
    {
      exposeHeadRoute: false,
      compress: false,
      schema: { hide: true, params: z.object({ ref: imageReference, "*": path }) },
    },
    async (request, reply) => send(request.params.ref, request.params["*"], request, reply),
  );
}

function headersOf({ name, size }: OpenedFile, range: ByteRange | undefined): Record<string, string> {
  const { start = 0, end = size } = range ?? {};
  return {
    "content-disposition": attachment(name),
    "content-length": String(end - start),
    ...(range === undefined ? {} : { "content-range": `bytes ${start}-${end - 1}/${size}` }),
  };
}
