// The inner loop of `crc64.ts` as a WebAssembly module, which works on 16 bytes at a time. In the text format it is:
//
//   (module
//     (memory (export "m") 1)
//     (func (export "f") (param $at i32) (param $end i32)
//       (loop $next
//         local.get $at
//         (v128.load offset=256 (local.get $at))
//         (v128.xor (v128.load offset=0 (local.get $at)))
//         (v128.xor (v128.load offset=4 (local.get $at)))
//         (v128.xor (v128.load offset=12 (local.get $at)))
//         (v128.xor (v128.load offset=16 (local.get $at)))
//         v128.store offset=256
//         (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (local.get $end))))))

/** As all engines have it; Node's types know only its name. */
declare const WebAssembly: {
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
};

/** Where the words that are folded in lie before those that they are folded into, in bytes. */
export const distance = 256;

/** The memory that the loop works on. */
export interface FoldingMemory {
  readonly bytes: Uint8Array;
  /** Folds what lies from `at` to `end`, a multiple of 16 bytes, into what lies `distance` behind it. */
  fold(at: number, end: number): void;
}

const get = (local: number) => [0x20, local];
const at = get(0);
const end = get(1);
const load = (offset: number) => [...at, 0xfd, 0x00, 0x00, ...offsetBytes(offset)];
const store = (offset: number) => [0xfd, 0x0b, 0x00, ...offsetBytes(offset)];
const xor = [0xfd, 0x51];

const loop = [
  ...[0x03, 0x40],
  ...[...at, ...load(distance)],
  ...[0, 4, 12, 16].flatMap((offset) => [...load(offset), ...xor]),
  ...store(distance),
  // at + 16, kept in at; less than end; again if so.
  ...[...at, 0x41, 16, 0x6a, 0x22, 0, ...end, 0x49, 0x0d, 0],
  0x0b,
];
const body = [0, ...loop, 0x0b];

const code = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  // One type, (i32, i32) -> (), and one function of it.
  ...section(1, [1, 0x60, 2, 0x7f, 0x7f, 0]),
  ...section(3, [1, 0]),
  // One memory of one page, which is 64 KiB.
  ...section(5, [1, 0, 1]),
  // The exports "m", the memory, and "f", the function.
  ...section(7, [2, 1, 0x6d, 2, 0, 1, 0x66, 0, 0]),
  ...section(10, [1, body.length, ...body]),
]);

/** All of them are shorter than 128 bytes, so that their length is one byte. */
function section(id: number, content: readonly number[]): number[] {
  return [id, content.length, ...content];
}

/** A number in LEB128, of one or two bytes. */
function offsetBytes(offset: number): number[] {
  return offset < 128 ? [offset] : [(offset & 127) | 128, offset >> 7];
}

/** A memory of 64 KiB, all zeros. */
export function createFoldingMemory(): FoldingMemory {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(code));
  const { m, f } = exports as { m: { buffer: ArrayBuffer }; f: FoldingMemory["fold"] };
  return { bytes: new Uint8Array(m.buffer), fold: f };
}
