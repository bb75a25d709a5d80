// How long the record of an image may be.

import { longestPlainFile } from "../disk/index.js";
import { StevedoreError } from "../terms/index.js";

/**
 * @param whose begins the message, such as "the record of the image 1f2e"
 * @throws `LIMIT_EXCEEDED` for more bytes than are taken, or can be read back
 */
export function assertRecordSize(bytes: number, maxRecordBytes: number, whose: string): void {
  const limit = Math.min(maxRecordBytes, longestPlainFile);
  if (bytes <= limit) return;
  const flag = limit < longestPlainFile ? ": --max-record-bytes raises the limit" : "";
  throw new StevedoreError("LIMIT_EXCEEDED", `${whose} has ${bytes} bytes, more than ${limit}${flag}`);
}
