// A button that asks the server to do something: off while it does, and beside it why it did not.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { mayAct } from "../session.js";

/** Shown only to whoever may act. @param label what it does, for those who hear it, where its text alone is not enough */
export function ActionButton(props: {
  act: () => Promise<unknown>;
  children: ComponentChildren;
  label?: string;
  kind?: "primary" | "danger";
}) {
  const { act, children, label, kind } = props;
  const [isBusy, setBusy] = useState(false);
  const [complaint, setComplaint] = useState("");
  if (!mayAct()) return null;
  const press = async () => {
    setBusy(true);
    setComplaint("");
    try {
      await act();
    } catch (error) {
      setComplaint((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <span class="action">
      <button type="button" class={kind} disabled={isBusy} aria-label={label} onClick={press}>
        {children}
      </button>
      <span role="alert" class="complaint">
        {complaint}
      </span>
    </span>
  );
}
