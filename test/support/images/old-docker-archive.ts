// What `docker save` wrote before there was a manifest.json (Docker 0.7 to 1.9), made with nothing but a shell, tar and
// printf, from the image specification v1: `<id>/VERSION`, `<id>/json`, `<id>/layer.tar`, `repositories`.
import { shell } from "../processes/shell.js";

/** An image of such an archive. */
export interface OldImage {
  readonly id: string;
  /** The whole text of `json`. */
  readonly record: string;
  /** Lines of bash that fill the layer, in its directory. */
  readonly script: string;
}

/**
 * Writes the archive `<directory>/<name>.tar`; each image's files stay beside it in `<name>/<id>`, its tree in
 * `<name>.trees/<id>`.
 * @param repositories the text of that file; without one there is none, as where an image was saved by its id
 * @returns the archive's path
 */
export async function writeOldArchive(
  directory: string,
  name: string,
  images: readonly OldImage[],
  repositories?: string,
): Promise<string> {
  const files = `${directory}/${name}`;
  for (const { id, record, script } of images) {
    const tree = `${files}.trees/${id}`;
    await shell(`mkdir -p ${files}/${id} ${tree}; cd ${tree} && umask 022 && ${script}`);
    await shell(`cat > ${files}/${id}/json`, { input: Buffer.from(record) });
    await shell(
      `printf 1.0 > ${files}/${id}/VERSION
      tar -C ${tree} --numeric-owner --format=posix --xattrs --xattrs-include='*' -cf ${files}/${id}/layer.tar .`,
    );
  }
  if (repositories !== undefined) {
    await shell(`cat > ${files}/repositories`, { input: Buffer.from(repositories) });
  }
  await shell(`tar -C ${files} -cf ${files}.tar .`);
  return `${files}.tar`;
}
