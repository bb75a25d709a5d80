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

/** Reads the head of a request, lets `cat` have the connection until the file is as long as the body, and answers. */
const peerServer = `
use IO::Socket::INET; $| = 1;
my $listener = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die;
print $listener->sockport, "\\n";
while (my $client = $listener->accept) {
  my $head = "";
  while ($head !~ /\\r\\n\\r\\n/) { sysread($client, my $byte, 1) or last; $head .= $byte }
  my ($bytes) = $head =~ /^content-length: (\\d+)/im;
  my $cat = fork;
  if (!$cat) { open STDIN, "<&", $client; open STDOUT, ">", $ARGV[0]; exec "cat" }
  syswrite $client, "HTTP/1.1 100 Continue\\r\\n\\r\\n" if $head =~ /^expect/im;
  select(undef, undef, undef, 0.002) while (-s $ARGV[0] // 0) < $bytes;
  shutdown $client, 0;
  waitpid $cat, 0;
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
  await using server = await startProcess([binary, "server", ...args], "listening");
  const uploads = `${/http:\S+/.exec(server.said)?.[0]}/api/v1/uploads`;
  await using peer = await startPeer(join(dock.scratch, "cat-output"));
  const send = (url: string) => timed(() => shell(`curl -sSf -T ${file} -o /dev/null ${url}`));
  const ours = async () => {
    const took = await send(uploads);
    // At once: what is still to be written to the disk must not slow the next one.
    for (const name of readdirSync(join(root, "inbox"))) rmSync(join(root, "inbox", name));
    return took;
  };
  const theirs = async () => {
    const took = await send(`http://127.0.0.1:${peer.port}/`);
    rmSync(peer.file);
    return took;
  };
  await shell(`head -c 1000000 ${file} | curl -sSf -T - -o /dev/null ${uploads}`);
  const before = residentMemoryOf(server.pid);
  const took = await inTurn(rounds, ours, theirs);
  const grown = peakMemoryOf(server.pid) - before;
  rmSync(file);

  const megabytesPerSecond = (ms: number) => bytes / 1_000 / ms;
  const on = `${bytes / 1e9} GB, ${rounds} rounds`;
  return [
    {
      what: "upload over HTTP, sha256 included",
      against: "`curl` into `cat > file`",
      on,
      ours: megabytesPerSecond(took.ours),
      peer: megabytesPerSecond(took.peer),
      unit: "MB/s",
      value: took.peer / took.ours,
      target: { atLeast: 0.5 },
    },
    {
      what: "the server's resident memory during it, above that before",
      against: "-",
      on,
      ours: grown / 1024 ** 2,
      peer: null,
      unit: "MiB",
      value: grown / 1024 ** 2,
      target: { atMost: 64 },
    },
  ];
}

async function startPeer(
  file: string,
): Promise<AsyncDisposable & { readonly port: number; readonly file: string }> {
  const child = spawn("perl", ["-e", peerServer, file], { stdio: ["ignore", "pipe", "inherit"] });
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
