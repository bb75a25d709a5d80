// A dialog that asks for what an action needs, or whether it is meant.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/**
 * Open for as long as it is there.
 * @param yes on the button that acts: the verb
 * @param act what is done then; where it fails, the dialog says why and stays
 * @param close called when it is answered, either way
 */
export function AskDialog(props: {
  title: string;
  children: ComponentChildren;
  yes: string;
  kind?: "primary" | "danger";
  act?: ((fields: FormData) => Promise<unknown> | undefined) | undefined;
  close: () => void;
}) {
  const { title, children, yes, kind = "primary", act, close } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const [complaint, setComplaint] = useState("");
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await act?.(new FormData(event.currentTarget as HTMLFormElement));
      close();
    } catch (error) {
      setComplaint((error as Error).message);
      setBusy(false);
    }
  };
  return (
    <dialog class="ask" ref={dialog} aria-label={title} onClose={close}>
      <form onSubmit={submit}>
        <h2>{title}</h2>
        {children}
        <p role="alert" class="complaint">
          {complaint}
        </p>
        <div class="actions">
          <button type="button" onClick={() => dialog.current?.close()}>
            {kind === "danger" ? "Keep" : "Cancel"}
          </button>
          {act !== undefined && (
            <button type="submit" class={kind} disabled={isBusy}>
              {yes}
            </button>
          )}
        </div>
      </form>
    </dialog>
  );
}
