// Tells what a network file system can do that Stevedore relies on, and what it cannot.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const at = "/run/nfs/probe";
function tell(what: string, probe: () => unknown): void {
  try {
    console.log(`${what}: ${String(probe() ?? "yes")}`);
  } catch (error) {
    console.log(
      `${what}: NO, ${String((error as Error).message)
        .split("\n")
        .slice(0, 2)
        .join(" ")}`,
    );
  }
}

rmSync(at, { recursive: true, force: true });
mkdirSync(at, { recursive: true });
const run = (line: string) =>
  execFileSync("bash", ["-c", line], {
    encoding: "utf8",
    cwd: at,
    stdio: ["ignore", "pipe", "pipe"],
  }).trim() || "yes";
tell("type", () => run("stat -f -c %T ."));
tell("flock of a directory", () => run("flock -n . true"));
tell("flock of a directory excludes", () => run("! flock . flock -n . true"));
tell("flock -x on a directory opened read-only by DIR/.", () => run("flock --exclusive --no-fork ./. true"));
tell("O_EXCL", () => run("set -C; : > x; ! : > x 2>/dev/null"));
tell("rename over non-empty directory refused", () =>
  run("mkdir -p a b; touch b/f; ! mv -T a b 2>/dev/null"),
);
tell("rename of a directory", () => run("mkdir c; mv -T c d; test -d d"));
tell("symlink, lutimes", () => run("ln -s t l; touch -h -d @1000000000 l; stat -c %Y l"));
tell("hard link", () => run("touch h; ln h h2; stat -c %h h"));
tell("syncfs", () => run("sync -f ."));
tell("fsync of a directory", () => run("sync ."));
tell("time to the nanosecond", () => run("touch -d @1234567890.123456789 ns; stat -c %y ns"));
tell("owner", () => run("touch o; chown 1234:5678 o; stat -c %u:%g o"));
tell("owner of a large id", () => run("touch o2; chown 4000000000:3000000000 o2; stat -c %u:%g o2"));
tell("setuid", () => run("touch s; chmod 4755 s; stat -c %a s"));
tell("device 0:0", () => run("mknod w c 0 0; stat -c %F,%t:%T w"));
tell("device", () => run("mknod n c 1 3; stat -c %F,%t:%T n"));
tell("fifo", () => run("mkfifo p; stat -c %F p"));
tell("user.*", () => run("touch u; setfattr -n user.a -v b u; getfattr --only-values -n user.a u"));
tell("user.* of a directory", () =>
  run("mkdir ud; setfattr -n user.a -v b ud; getfattr --only-values -n user.a ud"),
);
tell("trusted.*", () =>
  run("touch t2; setfattr -n trusted.a -v b t2; getfattr --only-values -n trusted.a t2"),
);
tell("security.capability", () => run("touch k; setcap cap_net_raw=ep k && getcap k | grep cap_net_raw"));
tell("unlinked while open", () => run("exec 9> sl; rm sl; ls -A | grep nfs || echo nothing left"));
tell("rmdir of a directory with a file that is open", () =>
  run("mkdir od; exec 9> od/f; rm -rf od; ls -A od 2>/dev/null || echo gone"),
);
tell("name of 255 bytes", () => run("touch $(printf 'n%.0s' $(seq 255))"));
tell("name that is not UTF-8", () => run("touch $'\\xff\\xfe'; ls | grep -qaP '\\xff\\xfe'"));
tell("overlay with it as lower", () =>
  run(
    "mkdir -p low /run/o/u /run/o/w /run/o/m; echo x > low/f; mount -t overlay -o lowerdir=low,upperdir=/run/o/u,workdir=/run/o/w o /run/o/m && cat /run/o/m/f; umount /run/o/m",
  ),
);
tell("overlay with it as lower and upper", () =>
  run(
    "mkdir -p low up wk /run/o/m2; echo x > low/f; mount -t overlay -o lowerdir=low,upperdir=up,workdir=wk o /run/o/m2 && (cd /run/o/m2; rm f; touch g; ls -A; findmnt -no OPTIONS .); umount /run/o/m2",
  ),
);
tell("server's clock ahead of ours, ms", () => {
  writeFileSync(join(at, "now"), "");
  return Math.round(statSync(join(at, "now")).mtimeMs - Date.now());
});
tell("doctor", () =>
  run(
    `node ${process.cwd()}/dist/cli/main.js doctor --root ${at}/root --redis redis://10.214.0.1:6379 2>&1 || true`,
  ),
);
