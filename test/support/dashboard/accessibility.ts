// What axe (axe-core, by Deque) finds wrong with a page as it is shown.
import axe from "axe-core";
import type { Page } from "playwright-core";

const appearances = [
  { colorScheme: "light", forcedColors: "none" },
  { colorScheme: "dark", forcedColors: "none" },
  { colorScheme: "light", forcedColors: "active" },
] as const;

/**
 * The violations of WCAG 2.2 A and AA, and of axe's best practices, in light, dark and forced colours: each as the rule
 * and the elements, in words.
 */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const faults: string[] = [];
  for (const appearance of appearances) {
    await page.emulateMedia(appearance);
    if (!(await page.evaluate<boolean>("'axe' in window"))) await page.evaluate(axe.source);
    const violations = await page.evaluate<{ id: string; help: string; nodes: { html: string }[] }[]>(
      "axe.run().then(({ violations }) => violations)",
    );
    const shown = `${appearance.colorScheme}${appearance.forcedColors === "active" ? ", forced colours" : ""}`;
    for (const { id, help, nodes } of violations) {
      faults.push(`${shown}: ${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 300)).join(" | ")}`);
    }
  }
  await page.emulateMedia({ colorScheme: null, forcedColors: null });
  return faults;
}
