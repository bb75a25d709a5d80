// The systemd units: what systemd itself says of them, and the server's rights.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const directory = join(import.meta.dirname, "../../systemd");
const names = ["stevedore-worker.service", "stevedore-server.service"];
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
    for (const name of names) {
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
    const [, exposure] =
      /level for stevedore-server.service: ([\d.]+)/.exec(
        execFileSync(
          "systemd-analyze",
          ["security", "--offline=true", join(directory, "stevedore-server.service")],
          {
            encoding: "utf8",
          },
        ),
      ) ?? [];
    expect(Number(exposure)).toBeLessThan(2.5);
  });
});
