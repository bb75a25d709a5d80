// The problem documents of errors that no route can be made to give at will.

import fc from "fast-check";
import fastify from "fastify";
import { expect, it } from "vitest";
import { errorCodes, JobError } from "../../src/jobs/index.js";
import { HttpError, problem, problemType, sendProblem } from "../../src/server/problem.js";
import { StevedoreError, statusOf } from "../../src/terms/index.js";

/** What a server answers whose route throws this, and what it tells its log. */
async function answerTo(error: unknown) {
  const told: string[] = [];
  const app = fastify();
  app.setErrorHandler((thrown, request, reply) =>
    sendProblem(thrown, request, reply, (line) => told.push(line)),
  );
  app.get("/a", async () => {
    throw error;
  });
  const { statusCode, headers, json } = await app.inject({ url: "/a?secret=1" });
  await app.close();
  return { status: statusCode, headers, body: json(), told };
}

it("gives every code of the contract a status that fits, and says the code", async () => {
  for (const code of errorCodes) {
    const { status, headers, body, told } = await answerTo(new JobError(code, "a reason"));
    expect(status).toBe(statusOf(code));
    expect(problem.parse(body)).toMatchObject({ status, code, detail: "a reason", instance: "/a" });
    expect(headers["content-type"]).toMatch(problemType);
    expect(headers["retry-after"]).toBe(status === 503 ? "5" : undefined);
    expect(told.length).toBe(code === "INTERNAL" ? 1 : 0);
  }
});

it("tells the domain's errors by the same codes as a job's", async () => {
  const { body } = await answerTo(new StevedoreError("IMAGE_NOT_FOUND", "there is no image a"));
  expect(body).toMatchObject({ status: 404, title: "Not Found", code: "IMAGE_NOT_FOUND" });
});

it("tells a stranger nothing of what went wrong inside, and the log all of it", async () => {
  const { status, body, told } = await answerTo(new TypeError("/var/lib/secret is undefined"));
  expect({ status, code: body.code }).toEqual({ status: 500, code: "INTERNAL" });
  expect(JSON.stringify(body)).not.toContain("secret");
  expect(told.join()).toContain("/var/lib/secret is undefined");
});

it("has the headers of the refusal", async () => {
  const { headers } = await answerTo(
    new HttpError(401, "UNAUTHORIZED", "who?", { "www-authenticate": "Bearer" }),
  );
  expect(headers["www-authenticate"]).toBe("Bearer");
});

it("is a valid document whatever the message says", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary" }), async (message) => {
      const { body } = await answerTo(new JobError("BAD_ARCHIVE", message));
      expect(problem.parse(body).detail).toBe(JSON.parse(JSON.stringify(message)));
    }),
    { numRuns: 50 },
  );
});
