// Compiles assembly/, which compresses by deflate, to WebAssembly, and writes it as a module of src/.
//
//   tsx scripts/deflate.ts
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { main } from "assemblyscript/asc";

const project = fileURLToPath(new URL("..", import.meta.url));
export const target = join(project, "src/interchange/target/gzip/deflate-module.ts");

/** The static data lies behind the arrays of assembly/memory.ts, and the memory ends 64 KiB behind the longest output. */
const options = [
  ...["-O3", "--runtime", "stub", "--noAssert", "--memoryBase", "32768", "--initialMemory", "43"],
  // It imports nothing.
  ...["--use", "abort="],
  ...["--outFile", "deflate.wasm"],
];

/** Compiles it. @returns the text of the module @throws with what the compiler says */
export async function compileDeflate(): Promise<string> {
  let wasm: string | Uint8Array | undefined;
  const writeFile = (_name: string, content: string | Uint8Array) => {
    wasm = content;
  };
  const { error, stderr } = await main(["assembly/deflate.ts", ...options, "--baseDir", project], {
    writeFile,
  });
  if (error !== null || wasm === undefined) throw new Error(`${error}\n${stderr}`);
  const base64 = Buffer.from(wasm as Uint8Array).toString("base64");
  const lines = base64.match(/.{1,100}/g) ?? [];
  return [
    "// What assembly/ is compiled to: `npm run deflate` writes this file, and a test compares the two.",
    "",
    "/** The module, in base64. */",
    "export const deflateModule = [",
    ...lines.map((line) => `  "${line}",`),
    '].join("");',
    "",
  ].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(target, await compileDeflate());
