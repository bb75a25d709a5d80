// Names and addresses as they are on the Internet: in a network and a mount namespace of their own, where this machine has
// public addresses and an /etc/hosts that changes. Nothing of the host is touched.
import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { beforeAll, expect, it } from "vitest";
import { bundle } from "../../support/processes/node-process.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const scratch = useScratchDirectory();

/** Runs in the namespace. Prints, by the name of each case, the text that was downloaded or the error's code and message. */
const program = String.raw`
import { createServer } from "node:http";
import { createServer as createHttps } from "node:https";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
const [, urlSource, allowedHosts, limits, directory] = process.argv;
const { openUrl } = await import(urlSource);
const { parseAllowedHost } = await import(allowedHosts);
const { defaultLimits } = await import(limits);

const hosts = (...lines) => writeFileSync("/etc/hosts", lines.join("\n") + "\n");
const usual = ["93.184.215.14 public.example", "93.184.215.14 xn--bcher-kva.example", "93.184.215.14 mixed.example",
  "127.0.0.1 mixed.example", "127.0.0.1 localhost private.example", "2606:2800:21f:cb07::1 six.example",
  "::1 six-private.example", "::ffff:127.0.0.1 mapped.example"];
const rebound = ["127.0.0.1 public.example"];

let local = 0;
const body = "x".repeat(300_000) + "end";
const answer = (request, response) => {
  if (/^(::ffff:)?127\.|^::1$/.test(request.socket.localAddress)) local++;
  if (request.url === "/rebind") {
    hosts(...rebound);
    response.writeHead(302, { location: "/a" }).end();
  } else if (request.url === "/cut" && request.headers.range === undefined) {
    response.writeHead(200, { etag: '"1"', "content-length": body.length });
    response.write(body.slice(0, 200_000), () => {
      hosts(...rebound);
      setImmediate(() => response.destroy());
    });
  } else if (request.url === "/to-http") response.writeHead(302, { location: "http://public.example/a" }).end();
  else if (request.url === "/to-https") response.writeHead(302, { location: "https://public.example/a" }).end();
  else response.end(body);
};
const tls = { key: readFileSync(directory + "/key"), cert: readFileSync(directory + "/cert") };
const servers = [createServer(answer).listen(80, "::"), createHttps(tls, answer).listen(443, "::")];
await Promise.all(servers.map((server) => once(server, "listening")));

const names = ["public.example", "bücher.example", "mixed.example", "localhost", "private.example", "six.example",
  "six-private.example", "mapped.example", "nowhere.example"];
const policy = { allowedHosts: names.map(parseAllowedHost), allowPrivateAddresses: false, limits: defaultLimits };
const outcomes = {};
for (const url of process.argv.slice(5)) {
  hosts(...usual);
  let source;
  try {
    source = await openUrl({ url }, policy, new AbortController().signal);
    let text = "";
    for await (const chunk of source.stream) text += chunk;
    await source.finish();
    outcomes[url] = text === body ? "whole" : "other";
  } catch (error) {
    outcomes[url] = error.code + ": " + error.message;
  } finally {
    await source?.[Symbol.asyncDispose]();
  }
}
console.log(JSON.stringify({ outcomes, local }));
process.exit();
`;

const inNamespace = `
ip link set lo up
ip address add 93.184.215.14/32 dev lo
ip address add 2606:2800:21f:cb07::1/128 dev lo nodad
mount --bind "$1/hosts" /etc/hosts
mount --bind "$1/nothing" /etc/resolv.conf
shift
exec "$@"`;

const forbidden = {
  private: /^SOURCE_FORBIDDEN: .* has the private address /,
  downgrade: /^SOURCE_FORBIDDEN: .* redirects from https to http$/,
  unknown: /^INTERNAL: .*ENOTFOUND|EAI_AGAIN/,
};
const cases: Record<string, "whole" | RegExp> = {
  "http://public.example/a": "whole",
  "https://public.example/a": "whole",
  "http://b%C3%BCcher.example/a": "whole",
  "http://bücher.example/a": "whole",
  "http://six.example/a": "whole",
  "http://public.example/to-https": "whole",
  "https://public.example/to-http": forbidden.downgrade,
  // Of several addresses one is enough to refuse them all.
  "http://mixed.example/a": forbidden.private,
  "http://localhost/a": forbidden.private,
  "http://private.example/a": forbidden.private,
  "http://six-private.example/a": forbidden.private,
  "http://mapped.example/a": forbidden.private,
  // The name means another address by the second request: of a redirect, and of what is taken up again.
  "http://public.example/rebind": forbidden.private,
  "https://public.example/rebind": forbidden.private,
  "http://public.example/cut": forbidden.private,
  "http://nowhere.example/a": forbidden.unknown,
};

let outcomes: Record<string, string>;
let local: number;
beforeAll(async () => {
  const directory = mkdtempSync(join(scratch.path, "net-"));
  writeFileSync(join(directory, "hosts"), "");
  writeFileSync(join(directory, "nothing"), "");
  const [key, cert] = [join(directory, "key"), join(directory, "cert")];
  const subject = ["-subj", "/CN=public.example", "-addext", "subjectAltName=DNS:public.example"];
  const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, ...subject];
  execFileSync("openssl", made, { stdio: "ignore" });
  const modules = ["worker/sources/url-source.ts", "outbound/allowed-hosts.ts", "worker/limits.ts"];
  const bundled = [];
  for (const module of modules) bundled.push(await bundle(module));
  const node = [process.execPath, "--input-type=module", "-e", program];
  const args = [...node, ...bundled, directory, ...Object.keys(cases)];
  const { stdout } = await execa(
    "unshare",
    ["--mount", "--net", "sh", "-ec", inNamespace, "sh", directory, ...args],
    { env: { NODE_EXTRA_CA_CERTS: cert } },
  );
  ({ outcomes, local } = JSON.parse(stdout));
});

it.each(Object.entries(cases))("%s", (url, expected) => {
  if (typeof expected === "string") expect(outcomes[url]).toBe(expected);
  else expect(outcomes[url]).toMatch(expected);
});

it("and no request of all these came to an address of the host itself", () => expect(local).toBe(0));
