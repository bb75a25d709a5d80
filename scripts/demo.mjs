// npm run demo [-- IMAGE.tar]: the main job on real files of this machine, in a directory of its own.
// Stores a base layer and a second one that changes a file and deletes another, through the queue; checksums
// the graph; re-computes a checksum with plain shell and compares. Then mounts the second image, writes to it, and
// commits what was written.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { checkTar, shellLine } from "../dist/layer/index.js";

const binary = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "stevedore-demo-"));
const root = join(scratch, "root");
const isRoot = process.getuid?.() === 0;
/** The demo is about this root alone, whatever the environment names. */
const environment = { ...process.env, STEVEDORE_ROOT: root };
for (const name of ["STEVEDORE_REDIS_URL", "REDIS_URL", "STEVEDORE_GRAPH"]) delete environment[name];

const say = (text) => console.log(`\n\u001b[1m${text}\u001b[0m`);

/** Runs a stevedore command, shows it as a user would type it, and returns its stdout. */
function stevedore(...args) {
  console.log(`$ stevedore ${args.map((arg) => (/^[\w./=:-]+$/.test(arg) ? arg : `'${arg}'`)).join(" ")}`);
  const { status, stdout } = spawnSync(process.execPath, [binary, ...args], {
    env: environment,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  process.stdout.write(stdout);
  if (status !== 0) throw new Error(`stevedore ${args[0]} ended with exit code ${status}`);
  return stdout.trim();
}

/** Starts the queue and its worker, and waits until it serves. */
async function serve() {
  console.log("$ stevedore up &");
  const up = spawn(process.execPath, [binary, "up", ...(isRoot ? [] : ["--allow-squash"])], {
    env: environment,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const lines = createInterface({ input: up.stderr });
  const serving = new Promise((done, failed) => {
    let isServing = false;
    lines.on("line", (line) => {
      // What it tells of each job would only stand between the commands that show it.
      if (!isServing) console.log(line);
      if (!line.includes("serving")) return;
      isServing = true;
      done();
    });
    up.on("exit", (code) => failed(new Error(`stevedore up ended with exit code ${code}`)));
  });
  await serving;
  up.removeAllListeners("exit");
  return async () => {
    const ended = once(up, "exit");
    up.kill("SIGTERM");
    await ended;
  };
}

/** A tar of some tens of megabytes of this machine, and a file of it to change and one to delete. */
function machineLayer() {
  const archive = join(scratch, "base.tar");
  const directories = ["etc", "usr/sbin", "usr/share/perl", "usr/lib/locale"].filter((path) =>
    existsSync(`/${path}`),
  );
  execFileSync("tar", ["-C", "/", "--ignore-failed-read", "--xattrs", "-cf", archive, "--", ...directories], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  return archive;
}

/** The names of the regular files in an archive, the first few. */
function someFiles(archive) {
  const listing = execFileSync(
    "bash",
    ["-c", 'tar -tvf "$1" 2>/dev/null | grep "^-" | head -n 50', "bash", archive],
    {
      encoding: "utf8",
    },
  );
  return listing
    .split("\n")
    .map((line) => line.split(/\s+/).slice(5).join(" ").replace(/^\.\//, ""))
    .filter((name) => /^[\w./+-]+$/.test(name));
}

/** A layer that changes one file of the base, deletes another (an OCI whiteout), and adds one. */
function changingLayer([changed, deleted]) {
  const layer = join(scratch, "change");
  const put = (name, content) => {
    mkdirSync(join(layer, name, ".."), { recursive: true });
    writeFileSync(join(layer, name), content);
  };
  put("greeting", "hello from the second layer\n");
  if (changed !== undefined) put(changed, "changed by the second layer\n");
  if (deleted !== undefined) put(deleted.replace(/([^/]+)$/, ".wh.$1"), "");
  return layer;
}

/** Shows an image as a directory, changes it there, and makes an image of the change. */
function mountAndCommit(image, [changed, deleted]) {
  const target = stevedore("mount", image.slice(0, 12));
  try {
    show("cat", `${target}/greeting`);
    if (changed !== undefined) show("cat", `${target}/${changed}`);
    if (deleted !== undefined) {
      if (existsSync(join(target, deleted))) throw new Error(`${deleted} is still there`);
      console.log(`# ${deleted}, which the second layer deletes, is not there`);
    }
    const [{ mountId, driver }] = JSON.parse(stevedore("mounts", "--json"));
    if (driver === "copy") {
      console.log(
        "# This host lets us mount nothing, so the image was copied. Changes and commits need a mount.",
      );
      return;
    }
    console.log(`$ echo 'written to the mount' > ${target}/note; rm ${target}/greeting`);
    writeFileSync(join(target, "note"), "written to the mount\n");
    rmSync(join(target, "greeting"));
    const changes = stevedore("changes", mountId);
    if (!changes.includes("A /note") || !changes.includes("D /greeting"))
      throw new Error("a change is missing");
    stevedore("commit", mountId, "--comment", "what was written");
  } finally {
    stevedore("unmount", target);
  }
  stevedore("tree");
}

/** Runs a command, shown as a user would type it. */
function show(command, ...args) {
  console.log(`$ ${[command, ...args].join(" ")}`);
  process.stdout.write(execFileSync(command, args));
}

let stop;
try {
  const given = process.argv[2];
  const archive = given === undefined ? machineLayer() : resolve(given);
  if (!existsSync(archive)) throw new Error(`${archive} does not exist`);

  say("1. A queue and its worker");
  stop = await serve();

  say(`2. Two layers: ${given ?? "real files of this machine"}, and a change on top`);
  const base = stevedore("store", archive, "--comment", "base");
  const files = someFiles(archive);
  const change = changingLayer(files);
  if (files.length > 1) console.log(`# the second layer changes ${files[0]} and deletes ${files[1]}`);
  const top = stevedore(
    "store",
    change,
    "--parent",
    base.slice(0, 12),
    "--comment",
    "a change and a deletion",
  );

  say("3. Their checksums");
  const { checksums } = JSON.parse(stevedore("checksum", "--all", "--json"));
  stevedore("tree");
  stevedore("jobs");

  say("4. The same checksum by plain shell");
  const expected = checksums.find(({ id }) => id === base)?.checksum;
  const line = shellLine("xz-6", { imageDirectory: join(root, "graph", base), ...(await checkTar()) });
  console.log(`$ ${line}`);
  const actual = `sha256:${execFileSync("bash", ["-c", line], { encoding: "utf8" }).split(" ")[0]}`;
  console.log(`by shell:     ${actual}\nby stevedore: ${expected}`);
  if (actual !== expected) throw new Error("the two differ");
  console.log("They are equal.");

  say("5. The second image as one directory");
  mountAndCommit(top, files);
} catch (error) {
  console.error(`demo: ${error.message}`);
  process.exitCode = 1;
} finally {
  await stop?.();
  rmSync(scratch, { recursive: true, force: true });
}
