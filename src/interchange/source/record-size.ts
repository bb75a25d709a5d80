// How long the record of an image may be.
import { StevedoreError } from "../../error.js";
import { longestRecord } from "../../graph/index.js";

/** @throws `LIMIT_EXCEEDED` for more bytes than are taken, or can be read back */
export function assertRecordSize(bytes: number, id: string, maxRecordBytes: number): void {
  const limit = Math.min(maxRecordBytes, longestRecord);
  if (bytes <= limit) return;
  const flag = limit < longestRecord ? ": --max-record-bytes raises the limit" : "";
  throw new StevedoreError(
    "LIMIT_EXCEEDED",
    `the record of the image ${id} has ${bytes} bytes, more than ${limit}${flag}`,
  );
}
