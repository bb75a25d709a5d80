// The example clients of docs/clients, each as a user runs it, against a real `stevedore up`.
import { existsSync } from "node:fs";
import { chmod, readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shell } from "../support/dock.js";
import { type Running, startStevedore } from "../support/processes/stevedore.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const clients = join(import.meta.dirname, "../../docs/clients");
const token = "clients-0123456789abcdef";
const scratch = useScratchDirectory();
let up: Running;
let url = "";

/** The programs that start them; Go is not small, and so run where it is. */
const commands: Readonly<Record<string, readonly string[]>> = {
  "client.sh": ["bash", join(clients, "client.sh")],
  "client.py": ["python3", join(clients, "client.py")],
  "client.go": ["go", "run", join(clients, "client.go")],
};
const runnable = Object.entries(commands).filter(([, [program = ""]]) => isOnPath(program));

beforeAll(async () => {
  const root = await scratch.fresh();
  up = startStevedore(["up", "--listen", "127.0.0.1:0"], { root, env: { STEVEDORE_TOKEN: token } });
  await up.says(/ serving /);
  [, url = ""] = /listening on (\S+)/.exec(up.output()) ?? [];
});

afterAll(async () => {
  await up?.stop();
});

it("there are at least bash and Python to try them with", () => {
  expect(runnable.map(([name]) => name)).toEqual(expect.arrayContaining(["client.sh", "client.py"]));
});

it("docs/clients.md tells of each of them", async () => {
  const text = await readFile(join(clients, "../clients.md"), "utf8");
  for (const name of Object.keys(commands)) expect(text).toContain(`(clients/${name})`);
});

describe.each(runnable)("%s", (_name, [program = "", ...args]) => {
  const client = async (...more: string[]) =>
    execa(program, [...args, ...more], {
      env: {
        STEVEDORE_URL: url,
        STEVEDORE_TOKEN: token,
        GOCACHE: join(scratch.path, "go"),
        GOFLAGS: "-modcacherw",
      },
      reject: false,
    });
  let id = "";

  it("uploads an archive with its digest and stores it", async () => {
    const directory = await scratch.fresh();
    await chmod(directory, 0o755);
    // More than the parts that the Python client sends.
    const archive = join(directory, "layer.tar");
    shell(`cd ${directory} && yes stevedore | head -c 9000000 > file && tar -cf ${archive} file`);
    const { stdout, stderr, exitCode } = await client("store", archive);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    [, id = ""] = /"id": ?"([0-9a-f]{64})"/.exec(resultOf(stdout)) ?? [];
    expect(shell(`sha256sum < ${archive}`).slice(0, 64)).toBe(/"diffId": ?"sha256:(\w+)"/.exec(stdout)?.[1]);
  });

  it("computes the checksum of an image and waits for it", async () => {
    const { stdout, stderr, exitCode } = await client("checksum", id);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    expect(stdout).toContain(id);
    expect(stdout).toMatch(/"checksum": ?"sha256:[0-9a-f]{64}"/);
  });

  it("tells of a refusal by its code", async () => {
    const { stdout, stderr, exitCode } = await client("checksum", "nothing-of-this-name");
    expect(exitCode).not.toBe(0);
    expect(stdout + stderr).toContain("IMAGE_NOT_FOUND");
  });

  it("follows a job to its end", async () => {
    const body = JSON.stringify({ id, recipe: "xz-1", force: true });
    const enqueued = await fetch(`${url}/api/v1/jobs/checksum`, {
      ...{ method: "POST", body },
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    });
    expect(enqueued.status).toBe(202);
    const { queue, id: job } = (await enqueued.json()) as { readonly queue: string; readonly id: string };
    const { stdout, stderr, exitCode } = await client("follow", queue, job);
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    expect(stdout.trim().split("\n").at(-1)).toMatch(/^state .*"state": ?"completed"/);
  });

  it("computes the checksums of all images", async () => {
    const { stdout, stderr, exitCode } = await client("batch");
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
    expect(stdout).toMatch(/"failed": ?\[\]/);
  });
});

/** What follows `result`, of a whole record too. */
function resultOf(text: string): string {
  return text.slice(Math.max(text.search(/"result": ?\{/), 0));
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((directory) => existsSync(join(directory, program)));
}
