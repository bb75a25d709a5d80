#!/usr/bin/env node
// Receives callbacks: checks that Stevedore sent them, and prints a line for each job that ended.
//   NOTIFY_SECRET=whsec_… PORT=8080 node receiver.mjs
// Node 20 or newer, nothing to install.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const secret = Buffer.from((process.env.NOTIFY_SECRET ?? "").replace(/^whsec_/, ""), "base64");
if (secret.length < 24) throw new Error("NOTIFY_SECRET takes a secret as whsec_…");
/** How old a message may be, or how far ahead its clock, in seconds. */
const tolerance = 300;
/** How large a message may be, in bytes. */
const longest = 2 * 1024 ** 2;
/** The messages that were taken: each may come more than once. A service keeps them where it keeps its work. */
const taken = new Set();

/** Whether Stevedore sent this text lately. */
function isSound(headers, body) {
  const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures = "" } = headers;
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= tolerance)) return false;
  const expected = createHmac("sha256", secret).update(`${id}.${timestamp}.`).update(body).digest();
  // One signature for each secret of the sender: while it changes its secret there are two.
  return signatures.split(" ").some((signature) => {
    if (!signature.startsWith("v1,")) return false;
    const given = Buffer.from(signature.slice(3), "base64");
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

const server = createServer(async (request, response) => {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > longest) return response.writeHead(413).end();
    chunks.push(chunk);
  }
  // The bytes as they came: JSON that is parsed and written again is other bytes.
  const body = Buffer.concat(chunks);
  if (request.method !== "POST" || !isSound(request.headers, body)) return response.writeHead(401).end();
  const id = request.headers["webhook-id"];
  if (!taken.has(id)) {
    taken.add(id);
    const { id: job, name, state, failedReason } = JSON.parse(body.toString());
    console.log(`${name} ${job} ${failedReason ?? state}`);
  }
  // Any 2xx within 15 s; whatever takes longer is done afterwards. 410 ends the tries for good.
  response.writeHead(204).end();
});
server.listen(Number(process.env.PORT ?? 8080), process.env.HOST ?? "127.0.0.1", () => {
  console.log(`listening on port ${server.address().port}`);
});
