// A form that asks the server to do something: off while it does; what it refuses stands beside the field that is meant.
import type { ComponentChildren, TargetedSubmitEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api.js";
import { mayAct } from "../session.js";
import { FieldErrors } from "./field.js";
import { readForm, wrongFields } from "./read-form.js";

interface FormProps {
  /** What it does, for those who hear it. */
  readonly label: string;
  /** On its button. */
  readonly submit: string;
  /** Given the data of the fields; what it throws is shown. */
  readonly act: (data: Record<string, unknown>) => Promise<unknown>;
  readonly children?: ComponentChildren;
  /** Why it cannot be sent yet. */
  readonly notYet?: string | undefined;
}

/** Shown only to whoever may act. */
export function Form({ label, submit, act, children, notYet }: FormProps) {
  const [errors, setErrors] = useState<ReadonlyMap<string, string>>(new Map());
  const [complaint, setComplaint] = useState("");
  const [isBusy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  // The keyboard goes on where something has to be mended.
  useEffect(() => {
    const first = form.current?.querySelector<HTMLElement>('[aria-invalid="true"]');
    const folded = first?.closest("details");
    if (folded) folded.open = true;
    first?.focus();
  }, [errors]);
  if (!mayAct()) return null;

  const send = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const { currentTarget } = event;
    if (isBusy || notYet !== undefined) return;
    setComplaint("");
    const wrong = wrongFields(currentTarget);
    setErrors(wrong);
    if (wrong.size > 0) return;
    setBusy(true);
    try {
      await act(readForm(currentTarget));
    } catch (error) {
      const { beside, rest } = sorted(error as Error, currentTarget);
      setErrors(beside);
      setComplaint(rest);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="job-form" ref={form} aria-label={label} noValidate onSubmit={send}>
      <FieldErrors.Provider value={errors}>
        <div class="fields">{children}</div>
      </FieldErrors.Provider>
      <div class="actions">
        <button type="submit" class="primary" disabled={isBusy || notYet !== undefined}>
          {submit}
        </button>
        {notYet !== undefined && <span class="muted">{notYet}</span>}
        <span role="alert" class="complaint">
          {complaint}
        </span>
      </div>
    </form>
  );
}

/** Which of what the server complains of stands beside a field, and what is left for the form as a whole. */
function sorted(error: Error, form: HTMLFormElement) {
  const beside = new Map<string, string>();
  const names = [...form.elements].map((each) => (each as HTMLInputElement).name).filter(Boolean);
  const rest: string[] = [];
  const told = error instanceof ApiError ? error.fields : [];
  for (const { path, message } of told.length > 0 ? told : [pathIn(error.message)]) {
    const name = names.find(
      (each) => path === each || path.startsWith(`${each}.`) || each === `data.${path}`,
    );
    if (name === undefined) rest.push(path === "" || told.length === 0 ? message : `${path}: ${message}`);
    else beside.set(name, message);
  }
  return { beside, rest: rest.join("; ") };
}

/** Where a message itself begins with a field: `gc: keep: it must be a number`, `cron "x": it takes five fields`. */
function pathIn(message: string): { path: string; message: string } {
  const [, path = ""] = /^(?:[a-z-]+: )?([A-Za-z.]+)(?:: | ")/.exec(message) ?? [];
  return { path, message };
}
