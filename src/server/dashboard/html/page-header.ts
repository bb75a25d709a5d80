// The dashboard's header for pages that are not its app's: Bull Board, the API reference, and what is not there. It needs no
// script; one takes over the colours that the reader has chosen.

import { type SectionPath, sections } from "../sections.js";
import { escapeHtml } from "./escape-html.js";

/** What the head of such a page needs. */
export const headerAssets = `<link rel="stylesheet" href="/assets/outside.css"><script src="/assets/outside.js" defer></script>`;

/** @param current the entry that the page belongs to */
export function renderHeader(current?: SectionPath): string {
  const links = sections.map(({ to, text }) => {
    const mark = to === current ? ' aria-current="page"' : "";
    return `<a href="${to}"${mark}>${escapeHtml(text)}</a>`;
  });
  // No header: the pages have landmarks of their own, and one banner is enough.
  return `<nav class="stevedore-header" aria-label="Pages of Stevedore"><a class="stevedore-brand" href="/"><img src="/assets/favicon.svg" alt="" width="24" height="24"> Stevedore</a><div class="stevedore-pages">${links.join("")}</div></nav>`;
}

/** Puts the header above a page of others. */
export function withHeader(page: string, current: SectionPath): string {
  return page
    .replace(/<\/head>/, () => `${headerAssets}</head>`)
    .replace(/<body([^>]*)>/, (_tag, attributes: string) => `<body${attributes}>${renderHeader(current)}`);
}
