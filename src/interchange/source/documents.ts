// Reads the JSON documents of a source by name or digest. Their sizes are limited, one by one and together.
import type { z } from "zod";
import { StevedoreError } from "../../terms/index.js";
import { blobPath, digestOf, longestDocument, parseDocument } from "../formats/index.js";
import { findNeeded, type SourceFile, type SourceFiles } from "./files/index.js";

/** The largest size of all documents together, in bytes: their content is held in memory. */
const mostBytes = 64 * 1024 * 1024;

/** A document that was read. */
export interface Document<Content> {
  readonly content: Content;
  readonly bytes: Buffer;
  /** The digest of its bytes. */
  readonly digest: string;
}

/** Reads the documents of a source, and counts their bytes. */
export interface DocumentReader {
  readonly files: SourceFiles;
  /** Returns the path of a blob. */
  blobPath(digest: string): string;
  /**
   * Reads the bytes of a file.
   * @throws `LIMIT_EXCEEDED` for more than `longest` bytes, or if all documents together are too large
   */
  bytes(file: SourceFile, longest: number): Promise<Buffer>;
  /**
   * Reads a document that must exist.
   * @param expected the digest of the document, if the source gives one
   * @throws `BAD_ARCHIVE` if it is missing or does not match the schema, `SOURCE_MISMATCH` naming it, `LIMIT_EXCEEDED`
   */
  read<Schema extends z.ZodType>(
    name: string,
    schema: Schema,
    expected?: string,
  ): Promise<Document<z.output<Schema>>>;
  /** Reads a document by its descriptor, and checks its size too. Throws as `read`. */
  readBlob<Schema extends z.ZodType>(
    descriptor: { readonly digest: string; readonly size: number },
    schema: Schema,
  ): Promise<Document<z.output<Schema>>>;
}

/**
 * Makes the reader of the documents of a source.
 * @param pathOf the path of a blob; by default that in an OCI layout
 */
export function openDocuments(files: SourceFiles, pathOf = blobPath): DocumentReader {
  let total = 0;

  async function bytes(file: SourceFile, longest: number): Promise<Buffer> {
    if (file.size > longest) {
      throw tooMuch(`${file.name} has ${file.size} bytes, more than ${longest}`);
    }
    total += file.size;
    if (total > mostBytes) throw tooMuch(`the documents of the source have more than ${mostBytes} bytes`);
    const chunks: Buffer[] = [];
    for await (const chunk of await file.open()) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }

  async function parse<Schema extends z.ZodType>(
    file: SourceFile,
    schema: Schema,
    expected: string | undefined,
  ): Promise<Document<z.output<Schema>>> {
    const content = await bytes(file, longestDocument);
    const digest = digestOf(content);
    if (expected !== undefined && digest !== expected) throw mismatch(file.name, digest, expected);
    return { content: parseDocument(content, schema, file.name), bytes: content, digest };
  }

  const reader: DocumentReader = {
    files,
    blobPath: pathOf,
    bytes,
    async read(name, schema, expected) {
      return parse(await findNeeded(files, name), schema, expected);
    },
    async readBlob({ digest, size }, schema) {
      return parse(await findBlob(reader, { digest, size }), schema, digest);
    },
  };
  return reader;
}

/** Finds the file of a blob. @throws `BAD_ARCHIVE` if it is missing, `SOURCE_MISMATCH` if it has another size */
export async function findBlob(
  { files, blobPath }: Pick<DocumentReader, "files" | "blobPath">,
  { digest, size }: { readonly digest: string; readonly size: number },
): Promise<SourceFile> {
  const file = await findNeeded(files, blobPath(digest));
  if (file.size === size) return file;
  throw new StevedoreError("SOURCE_MISMATCH", `the blob ${digest} has ${file.size} bytes, expected ${size}`);
}

/** Makes the error for bytes that do not have the digest that the source gives. */
export function mismatch(name: string, actual: string, expected: string): StevedoreError {
  return new StevedoreError("SOURCE_MISMATCH", `${name} has the digest ${actual}, expected ${expected}`);
}

function tooMuch(message: string): StevedoreError {
  return new StevedoreError("LIMIT_EXCEEDED", message);
}
