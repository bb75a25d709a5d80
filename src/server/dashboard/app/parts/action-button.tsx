// A button that asks the server to do something: off while it does, and beside it why it did not.
import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { mayAct } from "../session.js";

/** What is asked before something that cannot be undone. */
export interface Question {
  /** Such as `Delete 3 images?` */
  readonly title: string;
  /** What will be gone, and what stays. */
  readonly text: ComponentChildren;
  /** On the button that does it: the verb, such as `Delete`. */
  readonly yes: string;
}

/**
 * Shown only to whoever may act.
 * @param label what it does, for those who hear it, where its text alone is not enough
 * @param question asked first; nothing is done until it is answered by the button that does it
 */
export function ActionButton(props: {
  act: () => Promise<unknown>;
  children: ComponentChildren;
  label?: string;
  kind?: "primary" | "danger";
  question?: Question;
  disabled?: boolean;
}) {
  const { act, children, label, kind, question, disabled = false } = props;
  const [isBusy, setBusy] = useState(false);
  const [complaint, setComplaint] = useState("");
  const dialog = useRef<HTMLDialogElement>(null);
  if (!mayAct()) return null;
  const run = async () => {
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
  const press = () => (question === undefined ? void run() : dialog.current?.showModal());
  const answer = () => {
    dialog.current?.close();
    void run();
  };
  return (
    <span class="action">
      <button type="button" class={kind} disabled={isBusy || disabled} aria-label={label} onClick={press}>
        {children}
      </button>
      <span role="alert" class="complaint">
        {complaint}
      </span>
      {question && (
        <dialog class="ask" ref={dialog} aria-label={question.title}>
          <h2>{question.title}</h2>
          <div>{question.text}</div>
          <div class="actions">
            <button type="button" onClick={() => dialog.current?.close()}>
              Keep
            </button>
            <button type="button" class={kind} onClick={answer}>
              {question.yes}
            </button>
          </div>
        </dialog>
      )}
    </span>
  );
}
