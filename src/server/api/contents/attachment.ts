// The field by which a browser saves what it downloads under a name (RFC 6266), whatever that name holds.

/**
 * `Content-Disposition` of an attachment. Clients that know `filename*` (RFC 8187) have the name as it is; the others
 * have one of letters that mean nothing to anybody.
 * @param name without a character that moves a terminal
 */
export function attachment(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9 ._-]/g, "_");
  const whole = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"${plain === name ? "" : `; filename*=UTF-8''${whole}`}`;
}
