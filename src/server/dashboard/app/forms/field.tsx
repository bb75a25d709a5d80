// A field of a form: its label, a hint, and beside it what is wrong with it. Its name is its path in the data that the
// form sends: `image.parent`.
import { type ComponentChildren, createContext, type TargetedInputEvent } from "preact";
import { useContext, useId } from "preact/hooks";
import type { Meaning } from "./read-form.js";

/** What is wrong with the fields of the form around, by their names. */
export const FieldErrors = createContext<ReadonlyMap<string, string>>(new Map());

interface FieldProps {
  readonly name: string;
  readonly label: ComponentChildren;
  readonly hint?: ComponentChildren;
}

/** What ties a control to its label, its hint and its error. */
interface Tied {
  readonly id: string;
  readonly name: string;
  readonly "aria-describedby": string;
  readonly "aria-invalid": boolean;
}

/** @param children the control, which takes the given attributes */
export function Field(props: FieldProps & { children: (tied: Tied) => ComponentChildren }) {
  const { name, label, hint, children } = props;
  const error = useContext(FieldErrors).get(name);
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({
        id,
        name,
        "aria-describedby": `${id}-hint ${id}-error`,
        "aria-invalid": error !== undefined,
      })}
      <FieldNotes id={id} hint={hint} error={error} />
    </div>
  );
}

/** What stands below a field, and is read out with it: by its id and `-hint` or `-error`. */
function FieldNotes({
  id,
  hint,
  error,
}: {
  id: string;
  hint?: ComponentChildren;
  error: string | undefined;
}) {
  return (
    <>
      <span class="hint" id={`${id}-hint`}>
        {hint}
      </span>
      <span role="alert" class="complaint" id={`${id}-error`}>
        {error}
      </span>
    </>
  );
}

interface TextProps extends FieldProps {
  /** What its text stands for, if not for itself. */
  readonly as?: Meaning;
  readonly required?: boolean;
  readonly placeholder?: string;
  readonly defaultValue?: string | undefined;
  readonly onInput?: (event: TargetedInputEvent<HTMLInputElement>) => void;
}

/** @param list the id of a datalist with proposals */
export function TextField({ name, label, hint, as, ...rest }: TextProps & { readonly list?: string }) {
  return (
    <Field name={name} label={label} hint={hint}>
      {(tied) => <input type="text" autocomplete="off" spellcheck={false} {...rest} {...tied} data-as={as} />}
    </Field>
  );
}

/** A number from 0 on. @param step 1 for whole numbers */
export function NumberField({
  name,
  label,
  hint,
  as,
  ...rest
}: TextProps & { readonly step?: number | "any" }) {
  return (
    <Field name={name} label={label} hint={hint}>
      {(tied) => <input type="number" min={0} step={1} {...rest} {...tied} data-as={as} />}
    </Field>
  );
}

/** A text of several lines. */
export function LongField({ name, label, hint, as, onInput: _, ...rest }: TextProps) {
  return (
    <Field name={name} label={label} hint={hint}>
      {(tied) => <textarea rows={4} spellcheck={false} {...rest} {...tied} data-as={as} />}
    </Field>
  );
}

/** @param options each with its words where they are others @param none the words for what is left to the server */
export function ChoiceField(
  props: FieldProps & {
    readonly options: readonly (string | readonly [value: string, text: string])[];
    readonly none?: string;
    readonly onChoose?: (value: string) => void;
  },
) {
  const { name, label, hint, options, none, onChoose } = props;
  return (
    <Field name={name} label={label} hint={hint}>
      {(tied) => (
        <select {...tied} onChange={({ currentTarget }) => onChoose?.(currentTarget.value)}>
          {none !== undefined && <option value="">{none}</option>}
          {options.map((option) => {
            const [value, text] = typeof option === "string" ? [option, option] : option;
            return (
              <option key={value} value={value}>
                {text}
              </option>
            );
          })}
        </select>
      )}
    </Field>
  );
}

/** True in the data when it is checked, else left out. */
export function CheckField({ name, label, hint }: FieldProps) {
  const error = useContext(FieldErrors).get(name);
  const id = useId();
  return (
    <div class="field check">
      <label>
        <input
          type="checkbox"
          name={name}
          aria-describedby={`${id}-hint ${id}-error`}
          aria-invalid={error !== undefined}
        />{" "}
        {label}
      </label>
      <FieldNotes id={id} hint={hint} error={error} />
    </div>
  );
}

/** What few need, folded. @param of what that is */
export function More({ of = "More options", children }: { of?: string; children: ComponentChildren }) {
  return (
    <details class="more">
      <summary>{of}</summary>
      <div class="fields">{children}</div>
    </details>
  );
}
