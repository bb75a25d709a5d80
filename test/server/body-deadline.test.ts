// A body that comes by drops.
import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import fastify from "fastify";
import { afterAll, beforeAll, expect, it } from "vitest";
import { endUnreadBody, limitBodyTime } from "../../src/server/body-deadline.js";
import { sendProblem } from "../../src/server/problem.js";

/** Long enough for a body that is there, in ms. */
const time = 500;
const app = fastify({ forceCloseConnections: true });
beforeAll(async () => {
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, () => undefined));
  app.addHook("onRequest", async (request) => limitBodyTime(request, time));
  app.post("/", async ({ body }) => body);
  app.delete("/", async () => ({ ok: true }));
  // Answered before the body has come.
  app.put("/", { onResponse: async (request) => endUnreadBody(request) }, async (request) => {
    request.raw.resume();
    return { listeners: request.raw.socket.listenerCount("close") };
  });
  app.addContentTypeParser("text/early", (_request, _body, done) => done(null));
  await app.listen({ host: "127.0.0.1", port: 0 });
});
afterAll(() => app.close());

/** Sends the head of a request with a body of 100 bytes, and then one of them now and then. Returns all that came back. */
async function drip(method: string): Promise<string> {
  const socket: Socket = connect((app.server.address() as AddressInfo).port, "127.0.0.1");
  let answer = "";
  socket.setEncoding("utf8").on("data", (text: string) => {
    answer += text;
  });
  socket.on("error", () => undefined);
  socket.write(
    `${method} / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n`,
  );
  const drops = setInterval(() => socket.write(" "), 50);
  await once(socket, "close");
  clearInterval(drops);
  return answer;
}

it("is answered with 408, and its connection closed", async () => {
  const answer = await drip("POST");
  expect(answer).toMatch(/^HTTP\/1.1 408 /);
  expect(answer).toMatch(/connection: close/i);
  expect(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n")))).toMatchObject({
    status: 408,
    code: "INVALID_REQUEST",
    detail: "the body did not come within 0.5 s",
  });
});

it("does not hold its connection where nobody reads it", async () => {
  await drip("DELETE");
});

it("is taken when it comes in time", async () => {
  const { port } = app.server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}/`, {
    method: "POST",
    body: '{"a":1}',
    headers: { "content-type": "application/json" },
  });
  expect(await response.json()).toEqual({ a: 1 });
});

it("that comes after its answer leaves nothing on the connection, however many there are", async () => {
  const socket: Socket = connect((app.server.address() as AddressInfo).port, "127.0.0.1").setEncoding("utf8");
  const counts: number[] = [];
  for (let at = 0; at < 3; at++) {
    socket.write("PUT / HTTP/1.1\r\nhost: a\r\ncontent-type: text/early\r\ncontent-length: 2\r\n\r\na");
    const [answer] = (await once(socket, "data")) as [string];
    counts.push(JSON.parse(answer.slice(answer.indexOf("\r\n\r\n"))).listeners);
    socket.write("b");
  }
  socket.destroy();
  expect(new Set(counts).size).toBe(1);
});
