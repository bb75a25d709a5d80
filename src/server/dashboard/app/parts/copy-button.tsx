// Puts a text into the clipboard, and says so.
import { useState } from "preact/hooks";

/** @param what names it, for those who hear the button: `the shell line` */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [outcome, setOutcome] = useState("");
  const copy = () => {
    const done = (message: string) => {
      setOutcome(message);
      setTimeout(setOutcome, 2_000, "");
    };
    // Without TLS, off the loopback interface, a browser has no clipboard for pages.
    if (navigator.clipboard === undefined) return done("select it and copy");
    navigator.clipboard.writeText(text).then(
      () => done("copied"),
      () => done("select it and copy"),
    );
  };
  return (
    <span class="copy">
      <button type="button" onClick={copy} aria-label={`Copy ${what}`}>
        Copy
      </button>
      <span role="status">{outcome}</span>
    </span>
  );
}
