// Engines of a test file's own. A Docker is there half a second after it was asked for, and a podman needs no daemon: so none
// is shared, and what one file loads or removes is not in the way of another.
import { afterAll, beforeAll } from "vitest";
import { startDocker } from "./docker.js";
import type { Engine } from "./engine.js";
import { openPodman } from "./podman.js";

/** A Docker; to be called at the top of a test file. Needs root. */
export function useDocker(): Engine {
  return useEngine("Docker", startDocker);
}

/** A podman, and buildah; to be called at the top of a test file. Needs root. */
export function usePodman(): Engine {
  return useEngine("podman", openPodman);
}

function useEngine(name: string, start: () => Promise<Engine & AsyncDisposable>): Engine {
  let engine: (Engine & AsyncDisposable) | undefined;
  beforeAll(async () => {
    engine = await start();
  });
  afterAll(() => engine?.[Symbol.asyncDispose]());
  return new Proxy({} as Engine, {
    get: (_, property) => {
      if (engine === undefined) throw new Error(`${name} is there once the tests run`);
      return Reflect.get(engine, property);
    },
  });
}
