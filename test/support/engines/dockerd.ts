// Debian's dockerd, all of whose files lie in one directory: it neither sees nor disturbs one that the host has.
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { enginePath } from "./engine.js";

export interface Dockerd {
  /** What `DOCKER_HOST` names it by. */
  readonly host: string;
  stop(): Promise<void>;
}

/** How long it may take to answer, in ms. It commonly takes a third of a second. */
const patience = 60_000;

/** Starts one in an empty directory, without any network, and waits until it answers. Needs root. */
export async function startDockerd(directory: string): Promise<Dockerd> {
  const at = (name: string) => join(directory, name);
  mkdirSync(directory, { recursive: true });
  const socket = at("docker.sock");
  const network = ["--bridge=none", "--iptables=false", "--ip-forward=false", "--ip-masq=false"];
  const places = ["--data-root", at("data"), "--exec-root", at("exec"), "--pidfile", at("pid")];
  const log = openSync(at("log"), "a");
  // It ends with this process, however that ends.
  const program = ["--pdeathsig", "TERM", "dockerd", ...places, "-H", `unix://${socket}`, ...network];
  const daemon = spawn("setpriv", program, {
    stdio: ["ignore", log, log],
    env: { PATH: enginePath, HOME: directory, TMPDIR: process.env.TMPDIR },
  });
  closeSync(log);
  let isOver = false;
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      isOver = true;
      resolve();
    };
    daemon.once("exit", end).once("error", end);
  });
  const stop = async () => {
    daemon.kill("SIGTERM");
    await ended;
  };
  for (const begun = Date.now(); !(await answers(socket)); await setTimeout(20)) {
    if (!isOver && Date.now() - begun < patience) continue;
    if (!isOver) await stop();
    const said = readFileSync(at("log"), "utf8").split("\n").slice(-10).join("\n");
    throw new Error(`dockerd does not answer:\n${said}`);
  }
  return { host: `unix://${socket}`, stop };
}

/** By Docker's API: `GET /_ping`. */
async function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    request({ socketPath, path: "/_ping" }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .on("error", () => resolve(false))
      .end();
  });
}
