// Uploads over HTTP: an archive goes to the inbox, from where a job takes it.
import { randomUUID } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { ioError } from "../../../disk/index.js";
import { inboxOf, readUpload, removeUpload, uploadPatience } from "../../../inbox/index.js";
import { uploadName } from "../../../jobs/index.js";
import type { App, ServerContext } from "../../context.js";
import { askForBody } from "../../expectations.js";
import { HttpError, problem } from "../../problem.js";
import { takeUpload } from "./take-upload.js";
import { readUploadRequest, type UploadRequest } from "./upload-request.js";

const tags = ["uploads"];
const params = z.object({ name: uploadName });
const expiresAt = z.string().meta({ description: "When it is removed unless a job names it" });

/** A complete upload. */
const upload = z
  .object({
    upload: z.string().meta({ description: "What a store job takes as layer.upload" }),
    bytes: z.int(),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    expiresAt,
  })
  .meta({ id: "Upload" });

const uploadState = z
  .object({
    upload: z.string(),
    bytes: z.int().meta({ description: "How much of it is there: where the next part begins" }),
    complete: z.boolean(),
    expiresAt,
  })
  .meta({ id: "UploadState" });

/** Described here, and read by `readUploadRequest`. */
const digests = {
  "content-digest": z
    .string()
    .optional()
    .meta({ description: "Of this body, checked: sha-256=:BASE64: or sha-512 (RFC 9530)" }),
  "repr-digest": z.string().optional().meta({ description: "The same of the whole upload" }),
};
const headers = z.looseObject(digests);
const partHeaders = z.looseObject({
  ...digests,
  "content-range": z.string().optional().meta({
    description:
      "Which part this is: bytes FIRST-LAST/TOTAL, or * for a total not known yet; bytes */TOTAL asks",
  }),
});
/** Described here; it is streamed, not parsed. */
const body = {
  consumes: ["application/octet-stream"],
  body: z.unknown().meta({ description: "The archive, or the part of it: tar, plain or compressed" }),
};

const refusals = {
  400: problem,
  408: problem,
  409: problem,
  413: problem,
  415: problem,
  422: problem,
  507: problem,
};

/** `/api/v1/uploads` and what lies below it. */
export function addUploadRoutes(app: App, { root, maxUploadBytes }: ServerContext): void {
  const inbox = inboxOf(root);
  const exclusively = openUploadLock();

  const take = (name: string, asked: UploadRequest, request: FastifyRequest, reply: FastifyReply) =>
    takeUpload(root, name, asked, request.raw, () => askForBody(request, reply));
  const expiry = () => new Date(Date.now() + uploadPatience).toISOString();
  const created = (name: string, bytes: number, sha256: string, reply: FastifyReply) => {
    reply.code(201).header("location", `/api/v1/uploads/${name}`);
    return { upload: name, bytes, sha256, expiresAt: expiry() };
  };
  const present = async (name: string, reply: FastifyReply) => {
    const { bytes = 0, isWhole = false, expiresAt = expiry() } = (await readUpload(inbox, name)) ?? {};
    reply.header("upload-offset", bytes).header("cache-control", "no-store");
    return { upload: name, bytes, complete: isWhole, expiresAt };
  };
  const assertThere = async (name: string) => {
    if ((await readUpload(inbox, name)) !== undefined) return;
    throw new HttpError(404, "NOT_FOUND", `there is no upload ${name}`);
  };

  void app.register(async (scope: App) => {
    // Whatever its content type, the body is the archive, and is not read before the request was found valid.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _body, done) => done(null));

    scope.put(
      "/api/v1/uploads",
      {
        config: { streamsBody: true },
        schema: {
          tags,
          operationId: "upload",
          summary: "Bring an archive to the inbox",
          ...body,
          headers,
          response: { 201: upload, ...refusals },
        },
      },
      async (request, reply) => {
        const asked = readUploadRequest(request.headers, maxUploadBytes);
        if (asked === "inquiry" || asked.part !== undefined) {
          throw new HttpError(
            400,
            "INVALID_REQUEST",
            "Content-Range: an upload in parts takes a name: PUT /api/v1/uploads/NAME",
          );
        }
        const name = randomUUID();
        try {
          const { bytes, sha256 = "" } = await take(name, asked, request, reply);
          return created(name, bytes, sha256, reply);
        } catch (error) {
          // The client does not know its name, and could not resume it.
          await removeUpload(inbox, name);
          throw ioError(error, "the upload cannot be kept");
        }
      },
    );

    scope.put(
      "/api/v1/uploads/:name",
      {
        config: { streamsBody: true },
        schema: {
          tags,
          operationId: "uploadAs",
          summary: "Bring an archive, or with Content-Range the next part of one, under a name of your own",
          ...body,
          params,
          headers: partHeaders,
          response: { 200: uploadState, 201: upload, 202: uploadState, ...refusals },
        },
      },
      async (request, reply) => {
        const { name } = request.params;
        const asked = readUploadRequest(request.headers, maxUploadBytes);
        if (asked === "inquiry") return await present(name, reply);
        return await exclusively(name, async () => {
          try {
            const { bytes, sha256 } = await take(name, asked, request, reply);
            if (sha256 !== undefined) return created(name, bytes, sha256, reply);
          } catch (error) {
            throw ioError(error, `the upload ${name} cannot be kept`);
          }
          reply.code(202);
          return await present(name, reply);
        });
      },
    );
  });

  app.get(
    "/api/v1/uploads/:name",
    {
      schema: {
        tags,
        operationId: "getUpload",
        summary: "How much of an upload is there",
        params,
        response: { 200: uploadState, 400: problem, 404: problem },
      },
    },
    async ({ params: { name } }, reply) => {
      await assertThere(name);
      return await present(name, reply);
    },
  );

  app.delete(
    "/api/v1/uploads/:name",
    {
      schema: {
        tags,
        operationId: "deleteUpload",
        summary: "Give an upload up",
        params,
        response: { 204: z.null(), 400: problem, 404: problem, 409: problem },
      },
    },
    async ({ params: { name } }, reply) => {
      await exclusively(name, async () => {
        await assertThere(name);
        await removeUpload(inbox, name);
      });
      return reply.code(204).send(null);
    },
  );
}

/** Returns a function that does work on an upload. @throws 409 `CONFLICT` while other work on that upload is being done */
function openUploadLock(): <T>(name: string, work: () => Promise<T>) => Promise<T> {
  const busy = new Set<string>();
  return async (name, work) => {
    if (busy.has(name)) {
      throw new HttpError(409, "CONFLICT", `the upload ${name} is being written by another request`);
    }
    busy.add(name);
    try {
      return await work();
    } finally {
      busy.delete(name);
    }
  };
}
