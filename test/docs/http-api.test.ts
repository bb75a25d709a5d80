// docs/http-api.md: its tables are what the server does.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { errorCodes } from "../../src/jobs/index.js";
import { httpErrorCodes } from "../../src/server/problem.js";
import { statusOf } from "../../src/terms/index.js";

const text = await readFile(join(import.meta.dirname, "../../docs/http-api.md"), "utf8");
const rows = [...text.matchAll(/^\| (\d{3}) +\| ([^|]+) \|/gm)].map(([, status, cell = ""]) => ({
  status: Number(status),
  codes: [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, code = ""]) => code),
}));

it("every code of a job stands beside the status it is answered with, and beside no other", () => {
  for (const code of errorCodes) {
    const statuses = rows.filter(({ codes }) => codes.includes(code)).map(({ status }) => status);
    expect(statuses, code).toEqual([statusOf(code)]);
  }
});

it("every code of HTTP's own is told of, and no code that is none", () => {
  const known = [...errorCodes, ...httpErrorCodes] as readonly string[];
  const told = rows.flatMap(({ codes }) => codes);
  expect(told).toEqual(expect.arrayContaining([...httpErrorCodes]));
  expect(told.filter((code) => !known.includes(code))).toEqual([]);
});
