import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makeRecord, parseRecord } from "../../src/graph/index.js";

describe("makeRecord", () => {
  it("writes Docker's fields in Docker's order, then the unknown ones", () => {
    const record = makeRecord({
      "7": "seven",
      zeta: null,
      config: { Cmd: ["sh"] },
      author: "A",
      docker_version: "0.3.0",
      container: "c0ffee",
      created: "2013-05-02T15:18:33.123456789Z",
      comment: "C",
      parent: "27cf784147099545",
      id: "image",
    });
    expect(record.toString()).toBe(
      '{"id":"image","parent":"27cf784147099545","comment":"C","created":"2013-05-02T15:18:33.123456789Z",' +
        '"container":"c0ffee","container_config":{},"docker_version":"0.3.0","author":"A",' +
        '"config":{"Cmd":["sh"]},"7":"seven","zeta":null}',
    );
  });

  it("leaves out what is empty, but for container_config", () => {
    const fields = {
      id: "image",
      parent: "",
      comment: "",
      author: undefined,
      config: null,
      created: "2013-05-02T15:18:33Z",
    };
    expect(makeRecord(fields).toString()).toBe(
      '{"id":"image","created":"2013-05-02T15:18:33Z","container_config":{}}',
    );
  });

  it("makes an id and the time where they are missing", () => {
    const { id, created } = parseRecord(makeRecord({}));
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(created).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(Math.abs(Date.parse(created ?? "") - Date.now())).toBeLessThan(60_000);
  });

  it("refuses a parent that is no id", () => {
    expect(() => makeRecord({ parent: "../x" })).toThrow(expect.objectContaining({ code: "INVALID_ID" }));
  });

  it("keeps every field it is given, whatever its name", () => {
    const docker = ["id", "parent", "comment", "created", "container", "container_config"];
    const own = [...docker, "docker_version", "author", "config"];
    const field = fc.string().filter((name) => !own.includes(name));
    fc.assert(
      fc.property(fc.dictionary(field, fc.jsonValue()), fc.string({ minLength: 1 }), (unknown, comment) => {
        const record = makeRecord({ ...unknown, id: "image", comment, created: "2013-05-02T15:18:33Z" });
        const expected = { id: "image", comment, created: "2013-05-02T15:18:33Z", container_config: {} };
        const all = JSON.parse(JSON.stringify(Object.assign(Object.create(null), unknown, expected)));
        expect(JSON.parse(record.toString())).toEqual(all);
        expect(parseRecord(record)).toEqual(all);
      }),
    );
  });
});

describe("parseRecord", () => {
  it("reads a record of Docker 0.3 and keeps the fields it does not know", () => {
    const json = '{"id":"a","comment":"","created":"2013-05-02T15:18:33Z","container_config":{},"Size":3}';
    expect(parseRecord(Buffer.from(json))).toEqual(JSON.parse(json));
  });

  it.each([
    ["nothing", ""],
    ["half a record", '{"id":"a"'],
    ["an array", '[{"id":"a"}]'],
    ["null", "null"],
    ["a byte order mark", '\ufeff{"id":"a"}'],
    ["a comment that is a number", '{"id":"a","comment":1}'],
    ["a config that is a list", '{"id":"a","config":[]}'],
  ])("refuses %s", (_, json) => {
    expect(() => parseRecord(Buffer.from(json))).toThrow(expect.objectContaining({ code: "IMAGE_BROKEN" }));
  });

  it("refuses bytes that are not UTF-8", () => {
    const bytes = Buffer.from('{"id":"a","comment":"\xff"}', "latin1");
    expect(() => parseRecord(bytes)).toThrow(
      expect.objectContaining({ code: "IMAGE_BROKEN", message: expect.stringContaining("UTF-8") }),
    );
  });

  it.each([
    ["no id", "{}"],
    ["an id with a slash", '{"id":"a/b"}'],
    ["an id that is a number", '{"id":7}'],
    ["a parent that is no id", '{"id":"a","parent":".."}'],
    ["a parent that is a number", '{"id":"a","parent":7}'],
  ])("refuses %s", (_, json) => {
    expect(() => parseRecord(Buffer.from(json))).toThrow(expect.objectContaining({ code: "INVALID_ID" }));
  });

  it.each(['{"id":"a","parent":""}', '{"id":"a","parent":null}'])("takes %s as without parent", (json) => {
    expect(parseRecord(Buffer.from(json)).id).toBe("a");
  });
});
