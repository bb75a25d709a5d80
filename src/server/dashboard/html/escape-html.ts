// Text of others in a page.

/** So that it is shown as it is, in an element and in an attribute with quotes. */
export function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    ...{ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" },
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? "");
}
