// The colours of the page, read from its style sheet, because a canvas knows nothing of custom properties.

/** How many tones of age the style sheet has; the first is the newest. */
const toneCount = 5;

export interface Theme {
  readonly page: string;
  readonly card: string;
  readonly line: string;
  readonly edge: string;
  readonly frame: string;
  readonly text: string;
  readonly muted: string;
  readonly accent: string;
  readonly onAccent: string;
  readonly good: string;
  readonly bad: string;
  readonly warn: string;
  readonly track: string;
  readonly found: string;
  readonly tones: readonly string[];
  readonly unknownAge: string;
  readonly sans: string;
  readonly mono: string;
}

/** Reads them as they are at this place of the document now. */
export function readTheme(place: HTMLElement): Theme {
  const probe = document.createElement("span");
  probe.className = "picture-probe";
  probe.hidden = true;
  place.append(probe);
  const style = getComputedStyle(probe);
  // The computed colour has resolved what a custom property only spells: var(), light-dark(), color-mix().
  const color = (name: string) => {
    probe.style.color = `var(--${name})`;
    return style.color;
  };
  const theme: Theme = {
    page: color("page"),
    card: color("card"),
    line: color("line"),
    edge: color("picture-edge"),
    frame: color("picture-frame"),
    text: color("text"),
    muted: color("muted"),
    accent: color("accent"),
    onAccent: color("on-accent"),
    good: color("good"),
    bad: color("bad"),
    warn: color("warn"),
    track: color("track"),
    found: color("picture-found"),
    tones: Array.from({ length: toneCount }, (_, tone) => color(`picture-age-${tone}`)),
    unknownAge: color("picture-age-unknown"),
    sans: style.fontFamily,
    mono: style.getPropertyValue("--mono") || "monospace",
  };
  probe.remove();
  return theme;
}

/** The colour of an age class. */
export function toneColor({ tones, unknownAge }: Theme, tone: number): string {
  return tones[Math.round(tone * (toneCount - 1))] ?? unknownAge;
}

/** Calls back when the colours may have changed, until the function it returns is called. */
export function onThemeChange(changed: () => void): () => void {
  const media = [matchMedia("(prefers-color-scheme: dark)"), matchMedia("(forced-colors: active)")];
  const chosen = new MutationObserver(changed);
  for (const each of media) each.addEventListener("change", changed);
  chosen.observe(document.documentElement, { attributeFilter: ["data-theme", "class", "style"] });
  return () => {
    for (const each of media) each.removeEventListener("change", changed);
    chosen.disconnect();
  };
}
