// Light or dark: as the system has it, unless the reader has chosen otherwise.
import { signal } from "@preact/signals";

export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const key = "stevedore-theme";

export const theme = signal<Theme>(remembered());

/** Takes a choice and remembers it. */
export function chooseTheme(choice: Theme): void {
  theme.value = choice;
  try {
    localStorage.setItem(key, choice);
  } catch {
    // A browser that keeps nothing shows it until the page is closed.
  }
  applyTheme();
}

/** Shows the page in it. */
export function applyTheme(): void {
  if (theme.value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
}

function remembered(): Theme {
  try {
    return themes.find((known) => known === localStorage.getItem(key)) ?? "system";
  } catch {
    return "system";
  }
}
