// Compresses what is answered, where it is text and the client takes it (RFC 9110, sections 8.4 and 12.5.3). Event streams
// write to the socket themselves; routes whose bytes are archives say `compress: false`.
import { constants } from "node:zlib";
import compress from "@fastify/compress";
import type { onSendHookHandler } from "fastify";
import type { App } from "./context.js";

/** From how many bytes on: below, head and work are more than what is saved. */
const threshold = 1024;
/**
 * Of 0 to 11, where each step takes longer: the graph of 10,000 images is made a third of its size in a tenth of a second.
 */
const brotliQuality = 4;

/** What shrinks for certain. The plugin adds what its table of media types calls compressible. */
const isText = (type: string) => /^text\/(?!event-stream)|[+/](json|xml|javascript)(;|$)/.test(type);

/** To be called before the routes are added. */
export async function compressAnswers(app: App): Promise<void> {
  await app.register(compress, {
    // A body that comes compressed is taken as it is: an upload is an archive, which may be large once it is unpacked.
    globalDecompression: false,
    encodings: ["br", "gzip", "identity"],
    threshold,
    customTypes: isText,
    brotliOptions: { params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality } },
  });
  app.addHook("onRoute", (route) => {
    if (route.compress === false) return;
    const hooks = [route.onSend ?? []].flat();
    // Fastify drops the body of an answer to HEAD before the plugin, whose hook is the last, has told of its coding.
    if (route.method === "HEAD") hooks.unshift(...hooks.splice(-1));
    route.onSend = [tellVariants, ...hooks];
  });
}

/**
 * Tells caches that the answer differs from client to client, compressed or not. Its entity tag is weak then: a strong one
 * would have to differ from coding to coding (RFC 9110, section 8.8.3.3).
 */
const tellVariants: onSendHookHandler = async (_request, reply) => {
  const vary = String(reply.getHeader("vary") ?? "");
  if (!/(^|,)\s*(accept-encoding|\*)\s*(,|$)/i.test(vary)) {
    reply.header("vary", vary === "" ? "accept-encoding" : `${vary}, accept-encoding`);
  }
  const tag = reply.getHeader("etag");
  if (typeof tag === "string" && tag.startsWith('"')) reply.header("etag", `W/${tag}`);
};
