// Makes a fresh clone ready to run: the Node version, the npm packages, the programs of the system, the
// build. Only Node and npm are needed beforehand, and nothing is said of what is in place already.
//
//   node scripts/setup.mjs [--dev]     --dev: also the programs that only the tests call
//
// Imports and syntax stay within what Node 14 understands: an old Node must get as far as the message.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * A program that Stevedore runs.
 * @typedef {object} Program
 * @property {string[]} commands The names or paths it may have; one is enough.
 * @property {string} package The Debian package that brings it.
 * @property {(path: string) => boolean} [accept] False for a program of that name that will not do.
 */

/**
 * Runs a command as root, with an optional text for its stdin.
 * @typedef {(command: string, args: string[], input?: string) => {status: number | null, output: string}} AsRoot
 */

/** What src/host/tool.ts lists, but for what only some drivers of mounts need. @type {Program[]} */
const runtimePrograms = [
  { commands: ["redis-server", "valkey-server"], package: "redis-server" },
  { commands: ["tar"], package: "tar", accept: isRecentGnuTar },
  { commands: ["xz"], package: "xz-utils" },
  { commands: ["bsdtar"], package: "libarchive-tools" },
  { commands: ["zstd"], package: "zstd" },
  { commands: ["bzip2"], package: "bzip2" },
  { commands: ["find"], package: "findutils" },
  { commands: ["flock"], package: "util-linux" },
  { commands: ["sync"], package: "coreutils" },
  { commands: ["mount"], package: "mount" },
  { commands: ["umount"], package: "mount" },
];

/** @type {Program[]} */
const testPrograms = [
  { commands: ["curl"], package: "curl" },
  { commands: ["python3"], package: "python3" },
  // Of Debian's own Python: another one, first on PATH, does not see it.
  { commands: ["/usr/bin/python3"], package: "python3-redis", accept: hasRedisModule },
  { commands: ["setfattr"], package: "attr" },
  { commands: ["getfattr"], package: "attr" },
  { commands: ["setcap"], package: "libcap2-bin" },
  { commands: ["fuse-overlayfs"], package: "fuse-overlayfs" },
  { commands: ["ip"], package: "iproute2" },
  { commands: ["unshare"], package: "util-linux" },
  { commands: ["openssl"], package: "openssl" },
  { commands: ["mkfs.ext4"], package: "e2fsprogs" },
  { commands: ["mkfs.xfs"], package: "xfsprogs" },
  { commands: ["mkfs.btrfs"], package: "btrfs-progs" },
  { commands: ["setpriv"], package: "util-linux" },
  { commands: ["systemd-analyze"], package: "systemd" },
  { commands: ["chromium"], package: "chromium" },
  { commands: ["skopeo"], package: "skopeo" },
  { commands: ["umoci"], package: "umoci" },
  { commands: ["podman"], package: "podman" },
  { commands: ["tar-split"], package: "tar-split" },
  { commands: ["strace"], package: "strace" },
  { commands: ["dockerd"], package: "docker.io" },
  { commands: ["debootstrap"], package: "debootstrap" },
  { commands: ["docker"], package: "docker.io" },
  { commands: ["buildah"], package: "buildah" },
  { commands: ["runc"], package: "runc" },
  { commands: ["busybox"], package: "busybox-static", accept: isStatic },
  { commands: ["promtool"], package: "prometheus" },
  { commands: ["docker-registry"], package: "docker-registry" },
  { commands: ["spin"], package: "spin" },
  { commands: ["gcc"], package: "gcc" },
  { commands: ["gcc"], package: "libc6-dev", accept: hasHeaders },
  { commands: ["zsh"], package: "zsh" },
  { commands: ["fish"], package: "fish" },
  { commands: ["mandoc"], package: "mandoc" },
];

const oldestNode = [20, 18];
const oldestTar = [1, 30];

const project = fileURLToPath(new URL("..", import.meta.url));
// Debian keeps some programs in sbin directories, which an unprivileged PATH lacks.
const searchPath = `${process.env.PATH || "/usr/bin:/bin"}:/usr/local/sbin:/usr/sbin:/sbin`;

/** What a package would start on the host: Stevedore and its tests run these programs by themselves. @type {Record<string, string[]>} */
const servicesOf = {
  "redis-server": ["redis-server.service"],
  "docker.io": ["docker.service", "docker.socket", "containerd.service"],
  podman: [
    ...["podman.service", "podman.socket", "podman-restart.service"],
    ...["podman-auto-update.service", "podman-auto-update.timer"],
  ],
  prometheus: ["prometheus.service"],
  "docker-registry": ["docker-registry.service"],
};

// Debian's policy layer: invoke-rc.d(8), deb-systemd-invoke(1p). Exit code 101 forbids an action.
const policyFile = "/usr/sbin/policy-rc.d";
const policy = `#!/bin/sh
# Put here by Stevedore's set-up while it installs programs that it runs by itself, and safe to delete.
case " $* " in *" redis-server"* | *" docker"* | *" containerd"* | *" podman"* | *" prometheus"*) exit 101 ;; esac
exit 0
`;

class SetupError extends Error {}

try {
  setUp(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`setup: ${error.message}`);
  process.exitCode = 1;
}

/** @param {string[]} args */
function setUp(args) {
  const unknown = args.find((arg) => arg !== "--dev");
  if (unknown !== undefined) throw new SetupError(`unknown argument ${unknown}; there is only --dev`);
  checkNode();
  installNpmPackages();
  installPrograms(args.includes("--dev") ? [...runtimePrograms, ...testPrograms] : runtimePrograms);
  build();
}

function checkNode() {
  const { node } = process.versions;
  if (isAtLeast(node, oldestNode)) return;
  throw new SetupError(
    `Node ${oldestNode.join(".")} or newer is needed; ${process.execPath} is Node ${node}`,
  );
}

/** Runs `npm ci` unless node_modules is at least as new as the lock file. */
function installNpmPackages() {
  const installed = join(project, "node_modules/.package-lock.json");
  if (modifiedAt(installed) >= modifiedAt(join(project, "package-lock.json"))) return;
  say("installing the npm packages");
  // The build needs the devDependencies, whatever NODE_ENV or the user's npm configuration leave out.
  const { status, output } = run("npm", ["ci", "--include=dev", "--loglevel=error"]);
  if (status !== 0) throw new SetupError(`npm ci failed\n${output}`);
}

/**
 * Installs the Debian packages of the programs that are missing, or says how to.
 * @param {Program[]} programs
 */
function installPrograms(programs) {
  const missing = programs.filter(isMissing);
  if (missing.length === 0) return;
  const complaint = `these programs are missing: ${namesOf(missing)}`;
  if (locate("apt-get") === undefined) {
    throw new SetupError(`${complaint}\nInstall them and start again.`);
  }
  const packages = [...new Set(missing.map((program) => program.package))];
  const asRoot = howToBeRoot();
  if (asRoot === undefined) {
    throw new SetupError(
      `${complaint}\nRun this as root and start again:\n  apt-get update && ` +
        `DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ${packages.join(" ")}`,
    );
  }
  say(`installing the Debian packages ${packages.join(" ")}`);
  installPackages(packages, asRoot);
  const left = programs.filter(isMissing);
  if (left.length > 0) throw new SetupError(`still missing after the installation: ${namesOf(left)}`);
}

/**
 * @param {string[]} packages
 * @param {AsRoot} asRoot
 */
function installPackages(packages, asRoot) {
  const apt = (...args) =>
    asRoot("env", [
      "DEBIAN_FRONTEND=noninteractive",
      "apt-get",
      "-qq",
      "-o",
      "DPkg::Lock::Timeout=120",
      ...args,
    ]);
  const services = packages.flatMap((name) => servicesOf[name] ?? []);
  const allowServices = services.length > 0 ? forbidServices(services, asRoot) : () => undefined;
  try {
    // A broken list of some third party fails the update, but not the packages that are needed here.
    const update = apt("update");
    const install = apt("install", "-y", "--no-install-recommends", ...packages);
    if (install.status !== 0) throw new SetupError(`apt-get failed\n${update.output}${install.output}`);
  } finally {
    allowServices();
  }
}

/**
 * Keeps packages from starting services of the whole system, which Stevedore does not use: a policy forbids it
 * meanwhile. A policy of the host's own is left alone.
 * @param {string[]} services
 * @param {AsRoot} asRoot
 * @returns {() => void} Takes the policy away again, and disables the services for the next boot.
 */
function forbidServices(services, asRoot) {
  const ours = !existsSync(policyFile);
  // An interrupt ends apt-get; what was put here must still go.
  const goOn = () => undefined;
  process.on("SIGINT", goOn).on("SIGTERM", goOn);
  if (ours) {
    asRoot("tee", [policyFile], policy);
    asRoot("chmod", ["755", policyFile]);
  }
  return () => {
    if (ours) asRoot("rm", ["-f", policyFile]);
    for (const service of services) disable(service, asRoot);
    process.off("SIGINT", goOn).off("SIGTERM", goOn);
  };
}

/**
 * By systemd where that is installed, and for other systems by the links of the script in /etc/init.d.
 * @param {string} service
 * @param {AsRoot} asRoot
 */
function disable(service, asRoot) {
  if (locate("systemctl") !== undefined) asRoot("systemctl", ["disable", service]);
  const script = service.replace(/\.service$/, "");
  if (existsSync(`/etc/init.d/${script}`)) asRoot("update-rc.d", [script, "disable"]);
}

/** @returns {AsRoot | undefined} Undefined for a user whom sudo does not serve without a password. */
function howToBeRoot() {
  if (process.getuid() === 0) return run;
  if (run("sudo", ["-n", "true"]).status !== 0) return undefined;
  return (command, args, input) => run("sudo", ["-n", command, ...args], input);
}

function build() {
  const script = join(project, "scripts/build.mjs");
  const { status } = spawnSync(process.execPath, [script, "--if-stale"], { stdio: "inherit" });
  if (status !== 0) throw new SetupError("the build failed");
}

/** @param {Program} program */
function isMissing({ commands, accept = () => true }) {
  return !commands.some((command) => {
    const path = locate(command);
    return path !== undefined && accept(path);
  });
}

/** @param {Program[]} programs */
function namesOf(programs) {
  return programs.map(({ commands }) => commands.join(" or ")).join(", ");
}

/** The recipes need `--sort`, `--xattrs` and pax options of GNU tar; busybox and bsdtar lack some. */
function isRecentGnuTar(path) {
  const version = /^tar \(GNU tar\) ([\d.]+)/.exec(run(path, ["--version"]).output);
  return version !== null && isAtLeast(version[1], oldestTar);
}

/** A module of Python that a program of docs/clients uses. */
function hasRedisModule(path) {
  return run(path, ["-c", "import redis"]).status === 0;
}

/** gcc alone has no standard library. */
function hasHeaders(path) {
  return run(path, ["-E", "-include", "stdlib.h", "-x", "c", "/dev/null"]).status === 0;
}

/** What is linked dynamically needs libraries that a base image of busybox alone has not. */
function isStatic(path) {
  return !readFileSync(path, "latin1").includes("/ld-linux");
}

/** @param {string} version @param {number[]} oldest Major and minor. */
function isAtLeast(version, [oldestMajor, oldestMinor]) {
  const [major, minor = 0] = version.split(".").map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/** The path of a program, or undefined. */
function locate(command) {
  if (isAbsolute(command)) return isExecutable(command) ? command : undefined;
  return searchPath
    .split(":")
    .map((directory) => join(directory, command))
    .find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Milliseconds since 1970, 0 for a file that is not there. */
function modifiedAt(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

/** Runs a command in the project; its stdout and stderr are the output, for when it fails. */
function run(command, args, input = "") {
  const env = { ...process.env, PATH: searchPath };
  const child = spawnSync(command, args, {
    ...{ cwd: project, env, input, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 },
  });
  const output = child.error ? `${command}: ${child.error.message}\n` : `${child.stdout}${child.stderr}`;
  return { status: child.status, output };
}

function say(line) {
  console.log(`setup: ${line}`);
}
