// The title of the window and its tab.
import { useEffect } from "preact/hooks";

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Stevedore`;
  }, [title]);
}
