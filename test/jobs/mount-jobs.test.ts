// The data of the jobs about mounts: what the contract takes, and what it refuses with which code.
import { describe, expect, it } from "vitest";
import {
  contractAsJsonSchema,
  JobError,
  type JobName,
  mountOptionNames,
  parseJobData,
  queueOf,
  queuesOfHost,
} from "../../src/jobs/index.js";
import { mountDriverNames } from "../../src/terms/index.js";

const outcomeOf = (name: JobName, data: unknown) => {
  try {
    return parseJobData(name, data);
  } catch (error) {
    return error instanceof JobError ? error.code : error;
  }
};

const mountId = "5d1f0123456789ab";
/** The jobs about a mount that exists. */
const aboutMounts = ["unmount", "changes", "commit"] as const;

const badTargets: [what: string, target: unknown][] = [
  ["a relative path", "mnt/web"],
  ["a path that begins with a dot", "./mnt"],
  ["an empty path", ""],
  ["a path with a NUL", "/mnt\0/web"],
  ["a path that is longer than Linux takes", `/${"x".repeat(4095)}`],
  ["a number", 7],
  ["null", null],
];

describe("the data of a mount", () => {
  it.each([
    ["only an id", { id: "b750" }],
    ["a target with blanks, line breaks and colons", { id: "b750", target: "/mnt/a b\nc:d,e" }],
    [
      "all that there is",
      { id: "b750", target: "/mnt/web", readOnly: true, driver: "overlay", options: ["dev", "noexec"] },
    ],
    ["no options", { id: "b750", options: [] }],
  ])("is taken as it is: %s", (_what, data) => {
    expect(outcomeOf("mount", data)).toEqual(data);
  });

  it.each(["auto", ...mountDriverNames])("may name the driver %s", (driver) => {
    expect(outcomeOf("mount", { id: "b750", driver })).toEqual({ id: "b750", driver });
  });

  it.each([...mountOptionNames])("may hold the option %s", (option) => {
    expect(outcomeOf("mount", { id: "b750", options: [option] })).toEqual({ id: "b750", options: [option] });
  });

  it.each([
    "upperdir=/etc",
    "lowerdir=/etc",
    "lowerdir+=/etc",
    "workdir=/var",
    "redirect_dir=on",
    "nodev,upperdir=/etc",
    "nodev upperdir=/etc",
    "bind",
    "remount",
    "loop=/dev/sda",
    "NODEV",
    "nodev\n",
    "nodev\0",
    "",
  ])("refuses the option %j: it is none of every file system", (option) => {
    expect(outcomeOf("mount", { id: "b750", options: ["noexec", option] })).toBe("INVALID_JOB");
  });

  it.each(badTargets)("refuses %s as a target", (_what, target) => {
    expect(outcomeOf("mount", { id: "b750", target })).toBe("INVALID_JOB");
  });

  it.each([
    ["no id", {}],
    ["nothing at all", undefined],
    ["a driver that does not exist", { id: "b750", driver: "btrfs" }],
    ["options as one text", { id: "b750", options: "nodev" }],
    ["more options than there can be", { id: "b750", options: Array(21).fill("nodev") }],
    ["a word for readOnly", { id: "b750", readOnly: "yes" }],
    ["a field nobody knows", { id: "b750", readonly: true }],
    ["an upper of the caller's own", { id: "b750", upper: "/etc" }],
  ])("refuses %s with INVALID_JOB", (_what, data) => {
    expect(outcomeOf("mount", data)).toBe("INVALID_JOB");
  });

  it.each(["", "..", "a//b", "../etc", ":tmp:", "a:b:c", "a\0b", "-a", ".a", "X".repeat(129)])(
    "refuses %j as an id with INVALID_ID",
    (id) => {
      expect(outcomeOf("mount", { id })).toBe("INVALID_ID");
      expect(outcomeOf("commit", { mountId, image: { id } })).toBe("INVALID_ID");
    },
  );
});

describe.each(aboutMounts)("the data of %s", (name) => {
  it.each([
    ["a whole id", { mountId }],
    ["a prefix of one", { mountId: "5" }],
    ["a target", { target: "/mnt/a b\nc" }],
    ["both", { mountId, target: "/mnt/web" }],
  ])("names the mount by %s", (_what, data) => {
    expect(outcomeOf(name, data)).toEqual(data);
  });

  it("has to name it", () => {
    expect(outcomeOf(name, {})).toBe("INVALID_JOB");
    expect(() => parseJobData(name, {})).toThrow(`${name}: give a mountId or a target`);
  });

  it.each(badTargets)("refuses %s as a target", (_what, target) => {
    expect(outcomeOf(name, { target })).toBe("INVALID_JOB");
    expect(outcomeOf(name, { mountId, target })).toBe("INVALID_JOB");
  });

  it.each(["", "../graph", "5D1F", "b750z", `${mountId}0`, "5d1f\n", "5d1f\0"])(
    "refuses %j, which no mount's id begins with",
    (wrong) => {
      expect(outcomeOf(name, { mountId: wrong })).toBe("INVALID_JOB");
    },
  );

  it("has no fields that nobody knows", () => {
    expect(outcomeOf(name, { mountId, id: "b750" })).toBe("INVALID_JOB");
    expect(outcomeOf(name, { mountId, keepupper: true })).toBe("INVALID_JOB");
  });
});

describe("the data of an unmount", () => {
  it("may ask for the upper to be kept", () => {
    expect(outcomeOf("unmount", { mountId, keepUpper: true })).toEqual({ mountId, keepUpper: true });
    expect(outcomeOf("unmount", { mountId, keepUpper: 1 })).toBe("INVALID_JOB");
    expect(outcomeOf("changes", { mountId, keepUpper: true })).toBe("INVALID_JOB");
  });
});

describe("the data of a commit", () => {
  it("is taken as it is, with the fields of a record that nobody knows", () => {
    const image = {
      id: "patched",
      comment: "with the patch",
      author: "Ä. Author",
      created: "2013-05-02T15:18:33.123456789Z",
      config: { Cmd: ["sh"] },
      os: "linux",
    };
    const data = { mountId, image, checksum: "xz-1" };
    expect(outcomeOf("commit", data)).toEqual(data);
  });

  it("names no parent, which is the mounted image", () => {
    const data = { mountId, image: { parent: "b750" } };
    expect(outcomeOf("commit", data)).toBe("INVALID_JOB");
    expect(() => parseJobData("commit", data)).toThrow(/commit: image\.parent: .*the mounted image/);
  });

  it("refuses a recipe that does not exist and lists those that do", () => {
    const data = { mountId, checksum: "md5" };
    expect(outcomeOf("commit", data)).toBe("UNKNOWN_RECIPE");
    expect(() => parseJobData("commit", data)).toThrow(/"md5".*xz-6, xz-1, docker/);
  });

  it.each([
    ["a layer", { mountId, layer: { path: "/x" } }],
    ["a raw record", { mountId, json: "{}" }],
    ["what an id that is taken means", { mountId, ifExists: "skip" }],
    ["a time that is none", { mountId, image: { created: "yesterday" } }],
    ["a comment that is no text", { mountId, image: { comment: 7 } }],
  ])("refuses %s with INVALID_JOB", (_what, data) => {
    expect(outcomeOf("commit", data)).toBe("INVALID_JOB");
  });
});

describe("the contract as JSON Schema", () => {
  const { jobs } = contractAsJsonSchema();
  const target = { type: "string", maxLength: 4095, pattern: "^\\/[^\\0]*$" };

  it("has the jobs about mounts with their queues", () => {
    const queues = Object.fromEntries(["mount", ...aboutMounts].map((name) => [name, jobs[name]?.queue]));
    expect(queues).toEqual({ mount: "mount", unmount: "mount", changes: "mount", commit: "store" });
  });

  it("lists the drivers and options of a mount, and the form of its target", () => {
    expect(jobs.mount?.data).toMatchObject({
      required: ["id"],
      additionalProperties: false,
      properties: {
        target,
        driver: { enum: ["auto", ...mountDriverNames] },
        options: { type: "array", items: { enum: [...mountOptionNames] } },
      },
    });
    expect(jobs.mount?.result).toMatchObject({
      required: ["mountId", "id", "target", "host", "driver", "layers", "durationMs"],
      properties: { mountId: { pattern: "^[0-9a-f]{16}$" }, upper: target },
    });
  });

  it.each(aboutMounts)("says how %s names its mount", (name) => {
    expect(jobs[name]?.data).toMatchObject({
      additionalProperties: false,
      properties: { mountId: { pattern: "^[0-9a-f]{1,16}$" }, target },
    });
  });

  it("lists the kinds of changes, and gives a commit the result of a store", () => {
    expect(jobs.changes?.result).toMatchObject({
      properties: {
        changes: {
          items: { properties: { kind: { enum: ["modify", "add", "delete"] }, path: { type: "string" } } },
        },
      },
    });
    expect(jobs.commit?.result).toEqual(jobs.store?.result);
  });
});

describe("a job that names a host", () => {
  it.each(["web-1", "a", "Web_1.example", "x".repeat(64)])("%j goes to that host's own queue", (host) => {
    const mount = parseJobData("mount", { id: "base", host });
    expect(queueOf("mount", mount)).toBe(`mount@${host}`);
    for (const name of aboutMounts) {
      const data = parseJobData(name, { mountId, host });
      expect(data).toMatchObject({ mountId, host });
      expect(queuesOfHost(host)).toContain(queueOf(name, data));
    }
    expect(queueOf("commit", parseJobData("commit", { mountId, host }))).toBe(`store@${host}`);
  });

  it.each(["", "-a", ".a", "a b", "a/b", "a:b", "a@b", "x".repeat(65), 7])("not by %j", (host) => {
    for (const name of aboutMounts) expect(outcomeOf(name, { mountId, host })).toBe("INVALID_JOB");
    expect(outcomeOf("mount", { id: "base", host })).toBe("INVALID_JOB");
  });

  it("is the only one that does", () => {
    expect(queueOf("unmount", parseJobData("unmount", { mountId }))).toBe("mount");
    expect(queueOf("commit", parseJobData("commit", { mountId }))).toBe("store");
    expect(outcomeOf("checksum", { id: "base", host: "web-1" })).toBe("INVALID_JOB");
  });
});
