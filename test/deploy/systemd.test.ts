// The systemd units: what systemd itself says of them, and the server's rights.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readRedisUrl } from "../../src/redis/index.js";

const directory = join(import.meta.dirname, "../../systemd");
const rooted = ["stevedore-worker.service", "stevedore-server.service"];
const names = [...rooted, "stevedore-compressor.service"];
const read = (name: string) => readFileSync(join(directory, name), "utf8");
const unit = read("stevedore-server.service");

describe("the systemd units", () => {
  it.each(names)("%s is one that systemd takes", (name) => {
    const { status, stdout, stderr } = spawnSync(
      "systemd-analyze",
      ["verify", "--man=no", join(directory, name)],
      {
        encoding: "utf8",
      },
    );
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  it("start on a root that is not there yet: they make it, and ask for no path of it before", () => {
    for (const name of rooted) {
      const text = read(name);
      expect(text).toMatch(/^ExecStartPre=\+?\/usr\/bin\/mkdir -p -m 0700 -- \$\{STEVEDORE_ROOT\}$/m);
      const settings = /^(?:ReadWritePaths|ReadOnlyPaths|InaccessiblePaths|ExecPaths|BindPaths)=(.*)$/gm;
      const paths = [...text.matchAll(settings)].flatMap(([, value = ""]) => value.split(" "));
      for (const path of paths) expect(path, name).toMatch(/^-\//);
    }
  });

  it("make the user that the server runs as", () => {
    const file = join(directory, "stevedore.sysusers.conf");
    const { status, stdout, stderr } = spawnSync("systemd-sysusers", ["--dry-run", file], {
      encoding: "utf8",
    });
    expect(status).toBe(0);
    expect(stdout + stderr).toContain("stevedore");
    expect(unit).toMatch(/^User=stevedore\nGroup=stevedore$/m);
  });

  it("let the server read every layer and write nothing but inbox and outbox", () => {
    expect(unit).toMatch(/^AmbientCapabilities=CAP_DAC_READ_SEARCH$/m);
    expect(unit).toMatch(/^CapabilityBoundingSet=CAP_DAC_READ_SEARCH$/m);
    expect(unit).toMatch(/^NoNewPrivileges=yes$/m);
    expect(unit).toMatch(/^ReadWritePaths=-\/var\/lib\/stevedore\/inbox -\/var\/lib\/stevedore\/outbox$/m);
    const denied = /^SystemCallFilter=~(.*)$/m.exec(unit)?.[1];
    expect(denied?.split(" ")).toContain("open_by_handle_at");
    expect(exposureOf("stevedore-server.service")).toBeLessThan(2.5);
  });

  it("let a compressor do nothing but reach Redis and compress", () => {
    const compressor = read("stevedore-compressor.service");
    for (const line of [
      "DynamicUser=yes",
      "CapabilityBoundingSet=",
      "NoNewPrivileges=yes",
      "ProtectSystem=strict",
    ]) {
      expect(compressor.split("\n")).toContain(line);
    }
    expect(compressor).not.toMatch(
      /^(ReadWritePaths|StateDirectory|CacheDirectory|BindPaths|User|ExecStartPre)=/m,
    );
    expect(exposureOf("stevedore-compressor.service")).toBeLessThan(1.5);
  });

  it("have an example of the environment of a compressor, which the command takes", () => {
    const [, file] = /^EnvironmentFile=(.*)$/m.exec(read("stevedore-compressor.service")) ?? [];
    expect(file).toBe("/etc/stevedore/compressor.env");
    const example = Object.fromEntries(
      read("compressor.env.example")
        .split("\n")
        .filter((line) => /^\w/.test(line))
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
    expect(Object.keys(example)).toEqual(["STEVEDORE_REDIS_URL", "COMPRESSOR_FLAGS"]);
    const url = example.STEVEDORE_REDIS_URL?.replace(/\?ca=.*/, "") ?? "";
    expect(readRedisUrl(url).form).toBe("server");
    const flags = example.COMPRESSOR_FLAGS?.split(" ") ?? [];
    expect(flags.filter((flag) => flag.startsWith("--"))).toEqual(["--graph", "--threads"]);
  });
});

/** How exposed systemd finds a unit, from 0 to 10. */
function exposureOf(name: string): number {
  const said = execFileSync("systemd-analyze", ["security", "--offline=true", join(directory, name)], {
    encoding: "utf8",
  });
  return Number(new RegExp(`level for ${name}: ([\\d.]+)`).exec(said)?.[1]);
}
