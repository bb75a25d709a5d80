// The binary of an installed package, as a user runs it: a worker with its HTTP server, on a graph of one image.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { binary } from "../support/processes/stevedore.js";

interface Place {
  readonly directory: string;
  readonly redis: string;
  readonly graph: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Starts it on a graph that holds the image `base`, and asks its pages for what they need packages for.
 * @param main the binary's file; that of this tree, on this Node, if it is not given
 */
export async function startInstalled(
  main: string | undefined,
  { directory, redis, graph, env }: Place,
): Promise<AsyncDisposable> {
  const root = join(directory, "root");
  await mkdir(join(root, "graph/base/layer"), { recursive: true });
  await writeFile(
    join(root, "graph/base/json"),
    JSON.stringify({ id: "base", created: "2013-01-01T00:00:00Z" }),
  );
  await writeFile(join(root, "graph/base/layer/file"), "stevedore\n");
  const args = ["up", "--root", root, "--redis", redis, "--graph", graph, "--listen", "127.0.0.1:0"];
  const running = execa(main === undefined ? process.execPath : "node", [main ?? binary, ...args], {
    ...{ env, all: true, reject: false, buffer: false },
  });
  const stop = async () => {
    running.kill("SIGTERM");
    await running;
  };
  let said = "";
  await new Promise<void>((resolve, reject) => {
    running.all?.on("data", (chunk) => {
      said += chunk;
      if (/ serving /.test(said) && /listening on/.test(said)) resolve();
    });
    running.then(() => reject(new Error(`stevedore up ended:\n${said}`)), reject);
  });
  const [, url = ""] = /listening on (\S+)/.exec(said) ?? [];
  for (const path of [
    "/readyz",
    "/",
    "/api/docs",
    "/api/docs/static/swagger-ui.css",
    "/api/openapi.json",
    "/queues",
    "/api/v1/images",
  ]) {
    const { status } = await fetch(url + path);
    if (status !== 200) {
      await stop();
      throw new Error(`GET ${path}: ${status}`);
    }
  }
  return { [Symbol.asyncDispose]: stop };
}
