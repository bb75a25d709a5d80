// The systemd unit leaves a worker what it needs: it does its work with the capabilities that the unit grants, and no more.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { shell } from "../support/processes/shell.js";
import { stevedore } from "../support/processes/stevedore.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
const unit = readFileSync(join(import.meta.dirname, "../../systemd/stevedore-worker.service"), "utf8");

it("stores owners, devices, setuid bits and file capabilities, mounts, and unmounts", async () => {
  const capabilities = /^CapabilityBoundingSet=(.*)$/m.exec(unit)?.[1]?.split(" ") ?? [];
  expect(capabilities).toContain("CAP_SYS_ADMIN");
  expect(unit).toMatch(/^NoNewPrivileges=yes$/m);
  const granted = capabilities.map((name) => `+${name.replace("CAP_", "").toLowerCase()}`).join(",");
  const within = ["setpriv", `--bounding-set=-all,${granted}`, "--no-new-privs", "--"];
  const root = await scratch.fresh();
  const tree = await scratch.fresh();
  await shell(
    "echo a > a; chown 1234:4321 a; chmod 6755 a; mknod d c 1 3; cp /bin/true t; setcap cap_net_raw+ep t",
    { cwd: tree },
  );
  expect(await stevedore(["store", tree, "--id", "a"], { root, within })).toMatchObject({ code: 0 });
  const list = (directory: string) =>
    execFileSync("bash", ["-c", "find . -printf '%P %y %m %U %G\\n' | sort; getcap t"], {
      cwd: directory,
      encoding: "utf8",
    });
  expect(list(join(root, "graph/a/layer"))).toBe(list(tree));
  const mounted = await stevedore(["mount", "a", "--driver", "overlay", "--json"], { root, within });
  expect(mounted.code).toBe(0);
  expect(readFileSync(join(mounted.json.target, "a"), "utf8")).toBe("a\n");
  expect((await stevedore(["unmount", mounted.json.mountId], { root, within })).code).toBe(0);
});
