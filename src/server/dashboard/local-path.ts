// Where a login leads to: a path of this server and nothing else, whatever the link says that somebody was sent.

const here = "http://here.invalid";

/** The path with its query if the text is one of this server, else `/`. */
export function localPath(text: string): string {
  // A browser reads `//host`, `/\host` and the like as another host; so does its own parser, which is asked.
  if (!text.startsWith("/") || !URL.canParse(text, here)) return "/";
  const { origin, pathname, search } = new URL(text, here);
  return origin === here && !pathname.startsWith("//") ? pathname + search : "/";
}
