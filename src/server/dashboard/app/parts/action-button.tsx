// A button that asks the server to do something: off while it does, and beside it why it did not.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { mayAct } from "../session.js";

/** What is asked before something that cannot be undone. */
export interface Question {
  /** Such as `Delete 3 images?` */
  readonly title: string;
  /** What will be gone, and what stays. */
  readonly text: ComponentChildren;
  /** On the button that does it: the verb, such as `Delete`. */
  readonly yes: string;
  /** On the button that leaves all as it is. Default: `Keep`. */
  readonly no?: string;
}

/**
 * Shown only to whoever may act.
 * @param label what it does, for those who hear it, where its text alone is not enough
 * @param question asked first; nothing is done until it is answered by the button that does it. A function finds it out when
 * the button is pressed
 */
export function ActionButton(props: {
  act: () => Promise<unknown>;
  children: ComponentChildren;
  label?: string;
  kind?: "primary" | "danger";
  question?: Question | (() => Promise<Question>);
  disabled?: boolean;
}) {
  const { act, children, label, kind, question, disabled = false } = props;
  const [isBusy, setBusy] = useState(false);
  const [complaint, setComplaint] = useState("");
  const [asked, setAsked] = useState<Question>();
  const dialog = useRef<HTMLDialogElement>(null);
  // Once it is known what to ask.
  useEffect(() => {
    if (asked !== undefined) dialog.current?.showModal();
  }, [asked]);
  if (!mayAct()) return null;
  const run = async (does: () => Promise<unknown>) => {
    setBusy(true);
    setComplaint("");
    try {
      await does();
    } catch (error) {
      setComplaint((error as Error).message);
    } finally {
      setBusy(false);
    }
  };
  const press = () =>
    run(async () => {
      if (question === undefined) return await act();
      // Anew each time, so that the dialog opens.
      setAsked({ ...(typeof question === "function" ? await question() : question) });
    });
  const answer = () => {
    dialog.current?.close();
    void run(act);
  };
  return (
    <span class="action">
      <button
        type="button"
        class={kind}
        disabled={isBusy || disabled}
        aria-label={label}
        onClick={() => void press()}
      >
        {children}
      </button>
      <span role="alert" class="complaint">
        {complaint}
      </span>
      {asked && (
        <dialog class="ask" ref={dialog} aria-label={asked.title}>
          <h2>{asked.title}</h2>
          <div>{asked.text}</div>
          <div class="actions">
            <button type="button" onClick={() => dialog.current?.close()}>
              {asked.no ?? "Keep"}
            </button>
            <button type="button" class={kind} onClick={answer}>
              {asked.yes}
            </button>
          </div>
        </dialog>
      )}
    </span>
  );
}
