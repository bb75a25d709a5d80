import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  assertJobSize,
  contractAsJsonSchema,
  deduplicationId,
  errorCodes,
  formatFailedReason,
  isTransient,
  JobError,
  jobNames,
  keyPrefix,
  parseFailedReason,
  parseJobData,
} from "../../src/jobs/index.js";

const codeOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return error instanceof JobError ? error.code : error;
  }
  return "nothing thrown";
};

describe("the size of a job's data", () => {
  const batch = (count: number) => ({ ids: new Array<string>(count).fill("0".repeat(64)) });

  it("may be that of a million full ids in a batch, and 4 MiB in any other job", () => {
    expect(() => assertJobSize("checksum-graph", batch(1_000_000))).not.toThrow();
    expect(() => assertJobSize("verify-graph", batch(1_000_000))).not.toThrow();
    expect(codeOf(() => assertJobSize("checksum-graph", batch(1_300_000)))).toBe("LIMIT_EXCEEDED");
    const ofBytes = (bytes: number) => "x".repeat(bytes - 2);
    expect(() => assertJobSize("store", ofBytes(4 * 1024 ** 2))).not.toThrow();
    expect(codeOf(() => assertJobSize("store", ofBytes(4 * 1024 ** 2 + 1)))).toBe("LIMIT_EXCEEDED");
  });

  it("is counted in bytes of UTF-8, and held against the limit that is set", () => {
    expect(() => assertJobSize("checksum", { id: "é" }, 11)).not.toThrow();
    expect(() => assertJobSize("checksum", { id: "é" }, 10)).toThrow(/has 11 bytes, more than 10:/);
    expect(() => assertJobSize("checksum-graph", batch(1), 10)).toThrow(/checksum-graph: /);
  });

  it("is none for what JSON cannot hold", () => {
    expect(codeOf(() => assertJobSize("store", { image: { comment: 1n } }))).toBe("INVALID_JOB");
  });
});

describe("the data of a job", () => {
  it("that holds a password is refused with words that do not", () => {
    const url = "https://user:s3cret@files.example/a";
    const refused = () => parseJobData("store", { layer: { url } });
    expect(refused).toThrow(/layer\.url: leave out user and password/);
    expect(refused).not.toThrow(/s3cret/);
  });

  it("is taken as it is when it is right", () => {
    const data = {
      image: { id: "base", comment: "c", created: "2013-05-02T15:18:33.123456789Z", os: "linux" },
      layer: { path: "/srv/base.tar" },
      ifExists: "skip",
      name: "library/app:1",
      checksum: "xz-1",
    } as const;
    expect(parseJobData("store", data)).toEqual(data);
  });

  it.each(["a//b", "..", "../x", "a:b:c", "a\0b", "", ":tmp:", "-a", ".a", "X".repeat(129), "a@sha256:0"])(
    "refuses %j as an image with INVALID_ID",
    (id) => {
      for (const name of ["checksum", "verify", "delete", "mount"] as const) {
        expect(codeOf(() => parseJobData(name, { id }))).toBe("INVALID_ID");
      }
      expect(codeOf(() => parseJobData("tag", { id, name: "a" }))).toBe("INVALID_ID");
      const store = { image: { parent: id }, layer: { path: "/x" } };
      expect(codeOf(() => parseJobData("store", store))).toBe("INVALID_ID");
    },
  );

  it.each(["busybox:1.0", "library/busybox", "example.com:5000/a/b:c", "27cf", `${"a".repeat(255)}:x`])(
    "takes %j as an image",
    (id) => {
      expect(parseJobData("checksum", { id })).toEqual({ id });
      expect(parseJobData("tag", { id, name: "a" })).toEqual({ id, name: "a" });
    },
  );

  it.each(["busyBox", "..", "a/../b", "", "a b", "a".repeat(256), "a:b:c", `a@sha256:${"0".repeat(64)}`])(
    "refuses %j as a name with INVALID_NAME",
    (name) => {
      expect(codeOf(() => parseJobData("tag", { id: "a", name }))).toBe("INVALID_NAME");
      expect(codeOf(() => parseJobData("store", { layer: { path: "/x" }, name }))).toBe("INVALID_NAME");
      expect(codeOf(() => parseJobData("commit", { mountId: "a", name }))).toBe("INVALID_NAME");
    },
  );

  it.each(["a/b", "..", "a:b", "a\0b", "", ":tmp:", "-a", ".a", "x".repeat(129)])(
    "refuses %j as the id of a new image with INVALID_ID",
    (id) => {
      expect(codeOf(() => parseJobData("store", { image: { id }, layer: { path: "/x" } }))).toBe(
        "INVALID_ID",
      );
    },
  );

  it("refuses a recipe that does not exist and lists those that do", () => {
    expect(() => parseJobData("checksum", { id: "a", recipe: "md5" })).toThrow(/"md5".*xz-6, xz-1, docker/);
    expect(codeOf(() => parseJobData("checksum", { id: "a", recipe: "md5" }))).toBe("UNKNOWN_RECIPE");
  });

  it.each([
    ["no object", 7],
    ["no layer", {}],
    ["two sources at once", { layer: { path: "/x", url: "http://h/x" } }],
    ["an empty path", { layer: { path: "" } }],
    ["a URL that is not http", { layer: { url: "file:///etc/shadow" } }],
    ["an upload that leaves the inbox", { layer: { upload: "../x" } }],
    ["a URL with a user", { layer: { url: "http://user@h/x" } }],
    ["a URL with a password", { layer: { url: "https://:s3cret@h/x" } }],
    ["a URL with a zone", { layer: { url: "http://[fe80::1%25eth0]/x" } }],
    ["a URL that is no URL", { layer: { url: "http://" } }],
    ["a URL without end", { layer: { url: `http://h/${"x".repeat(8_000)}` } }],
    ["a path longer than Linux takes", { layer: { path: `/${"x".repeat(4_095)}` } }],
    ["a sha256 that is none", { layer: { url: "http://h/x", sha256: "abc" } }],
    ["image and json", { image: {}, json: "{}", layer: { path: "/x" } }],
    ["a field nobody knows", { layer: { path: "/x" }, ifexists: "skip" }],
    ["a time that is none", { image: { created: "yesterday" }, layer: { path: "/x" } }],
  ])("refuses %s with INVALID_JOB", (_what, data) => {
    expect(codeOf(() => parseJobData("store", data))).toBe("INVALID_JOB");
  });

  it("names the field that is wrong", () => {
    expect(() => parseJobData("store", { layer: { path: "/x" }, ifExists: "maybe" })).toThrow(
      /store: ifExists/,
    );
  });
});

describe("a failed reason", () => {
  it("is read back as it was written, whatever the message", () => {
    fc.assert(
      fc.property(fc.constantFrom(...errorCodes), fc.string(), (code, message) => {
        expect(parseFailedReason(formatFailedReason(code, message))).toEqual({ code, message });
      }),
    );
  });

  it("of BullMQ's own is INTERNAL", () => {
    const reason = "job stalled more than allowable limit";
    expect(parseFailedReason(reason)).toEqual({ code: "INTERNAL", message: reason });
  });

  it("is worth a retry only for what time may heal", () => {
    expect(errorCodes.filter(isTransient)).toEqual([
      "NO_SPACE",
      "MOUNT_FAILED",
      "CALLBACK_FAILED",
      "QUEUE_UNAVAILABLE",
      "INTERNAL",
    ]);
  });
});

describe("the contract as JSON Schema", () => {
  it("has the queue, the data and the result of every job", () => {
    const { jobs, progress } = contractAsJsonSchema();
    expect(Object.keys(jobs)).toEqual(jobNames);
    expect(jobs.checksum?.data).toMatchObject({
      type: "object",
      required: ["id"],
      additionalProperties: false,
    });
    expect(jobs.store?.result.required).toContain("diffId");
    expect(progress).toMatchObject({ required: ["phase", "done", "total", "unit"] });
    expect(JSON.parse(JSON.stringify(jobs))).toEqual(jobs);
  });
});

describe("the queue's keys", () => {
  it("are hash-tagged by graph", () => {
    expect(keyPrefix("blue")).toBe("{stevedore:blue}");
  });

  it("join a checksum to its like, a forced one only to a forced one", () => {
    const join = (data: Parameters<typeof deduplicationId<"checksum">>[1]) =>
      deduplicationId("checksum", data);
    expect(join({ id: "a" })).toBe(join({ id: "a", recipe: "xz-6" }));
    expect(
      new Set([
        join({ id: "a" }),
        join({ id: "b" }),
        join({ id: "a", recipe: "xz-1" }),
        join({ id: "a", force: true }),
      ]).size,
    ).toBe(4);
    expect(deduplicationId("delete", { id: "a" })).toBeUndefined();
  });

  it("join a verification to its like, one that explains only to one that explains", () => {
    const join = (data: Parameters<typeof deduplicationId<"verify">>[1]) => deduplicationId("verify", data);
    expect(join({ id: "a" })).toBe(join({ id: "a", explain: false }));
    const ids = [join({ id: "a" }), join({ id: "b" }), join({ id: "a", explain: true })];
    expect(new Set([...ids, deduplicationId("checksum", { id: "a" })]).size).toBe(4);
  });
});
