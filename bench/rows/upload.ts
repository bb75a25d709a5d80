// A large upload by curl, against `curl` into `cat > file` through the same loopback interface.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Dock, peakMemoryOf, startProcess } from "../dock.js";
import { inTurn, type Row, timed } from "../row.js";
import { shell } from "../shell.js";
import { binary } from "../stevedore.js";

const bytes = 2_000_000_000;
const rounds = 4;

/**
 * Reads the head of a request, brings the body to `cat > file`, and answers. By `pipe` it hands on what it reads, as a
 * server does; else it lets `cat` have the connection itself, which no server can that is to see what comes.
 */
const peerServer = `
use IO::Socket::INET; $| = 1;
my ($file, $way) = @ARGV;
my $listener = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die;
print $listener->sockport, "\\n";
while (my $client = $listener->accept) {
  my $head = "";
  while ($head !~ /\\r\\n\\r\\n/) { sysread($client, my $byte, 1) or last; $head .= $byte }
  my ($left) = $head =~ /^content-length: (\\d+)/im;
  syswrite $client, "HTTP/1.1 100 Continue\\r\\n\\r\\n" if $head =~ /^expect/im;
  if ($way eq "pipe") {
    open my $cat, "|-", "cat > $file";
    while ($left > 0 && (my $read = sysread $client, my $chunk, 131072)) { syswrite $cat, $chunk; $left -= $read }
    close $cat;
  } else {
    my $cat = fork;
    if (!$cat) { open STDIN, "<&", $client; open STDOUT, ">", $file; exec "cat" }
    select(undef, undef, undef, 0.002) while (-s $file // 0) < $left;
    shutdown $client, 0;
    waitpid $cat, 0;
  }
  syswrite $client, "HTTP/1.1 200 OK\\r\\ncontent-length: 0\\r\\nconnection: close\\r\\n\\r\\n";
  close $client;
}`;

export async function measureUpload(dock: Dock): Promise<Row[]> {
  const file = join(dock.scratch, "upload");
  const root = join(dock.scratch, "upload-root");
  mkdirSync(join(root, "graph"), { recursive: true });
  await shell(
    `head -c ${bytes} /dev/zero | openssl enc -aes-128-ctr -nosalt -pass pass:x 2>/dev/null > ${file}`,
  );
  const args = ["--redis", dock.redis, "--root", root, "--listen", "127.0.0.1:0"];
  await using server = await startProcess([binary, "server", ...args], { ready: "listening" });
  const uploads = `${/http:\S+?(?=\s|$)/.exec(server.said)?.[0]}/api/v1/uploads`;
  const send = (url: string) => timed(() => shell(`curl -sSf -T ${file} -o /dev/null ${url}`));
  const ours = async () => {
    const took = await send(uploads);
    // At once: what is still to be written to the disk must not slow the next one.
    for (const name of readdirSync(join(root, "inbox"))) rmSync(join(root, "inbox", name));
    return took;
  };
  await shell(`head -c 1000000 ${file} | curl -sSf -T - -o /dev/null ${uploads}`);
  const before = residentMemoryOf(server.pid);

  const against = async (way: "pipe" | "socket", name: string, target: Row["target"]): Promise<Row> => {
    await using peer = await startPeer(join(dock.scratch, "cat-output"), way);
    const took = await inTurn(rounds, ours, async () => {
      const ofPeer = await send(`http://127.0.0.1:${peer.port}/`);
      rmSync(peer.file);
      return ofPeer;
    });
    const megabytesPerSecond = (ms: number) => bytes / 1_000 / ms;
    return {
      ...{
        what: "upload over HTTP, sha256 included",
        against: name,
        on: `${bytes / 1e9} GB, ${rounds} rounds`,
      },
      ...{ ours: megabytesPerSecond(took.ours), peer: megabytesPerSecond(took.peer), unit: "MB/s" },
      ...{ value: took.peer / took.ours, target },
    };
  };
  const rows = [
    await against("pipe", "`curl` to a server that pipes it into `cat > file`", { atLeast: 0.5 }),
    await against("socket", "`curl` to a `cat > file` that has the connection itself", null),
  ];
  const grown = (peakMemoryOf(server.pid) - before) / 1024 ** 2;
  rmSync(file);
  return [
    ...rows,
    {
      ...{ what: "the server's resident memory during these uploads, above that before", against: "-" },
      on: `${bytes / 1e9} GB, ${2 * rounds} times`,
      ...{ ours: grown, peer: null, unit: "MiB", value: grown, target: { atMost: 64 } },
    },
  ];
}

async function startPeer(
  file: string,
  way: "pipe" | "socket",
): Promise<AsyncDisposable & { readonly port: number; readonly file: string }> {
  const child = spawn("perl", ["-e", peerServer, file, way], { stdio: ["ignore", "pipe", "inherit"] });
  const [port] = await once(createInterface({ input: child.stdout }), "line");
  return {
    port: Number(port),
    file,
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** In bytes (proc(5): VmRSS). */
function residentMemoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}
