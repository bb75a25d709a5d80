// What differs between the records and the histories of two images.
import type { LayerStep } from "./answers.js";

/** A field that differs, with its values as text; undefined where a side has none. */
export interface DifferingField {
  readonly name: string;
  readonly was: string | undefined;
  readonly is: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** The fields of a record that say what an image is, apart from those of its `config`. */
const fieldsOfRecord = ["created", "author", "comment", "architecture", "os", "os.version", "variant"];

/** Compares two records and their configs: variables and labels one by one, what is empty as what is not there. */
export function differingFields(was: Fields, is: Fields): DifferingField[] {
  const [one, other] = [flatten(was), flatten(is)];
  const names = new Set([...one.keys(), ...other.keys()]);
  return [...names]
    .map((name) => ({ name, was: one.get(name), is: other.get(name) }))
    .filter(({ was, is }) => was !== is);
}

/** How many of the first steps are the same. @param was the last step first, as of `is` */
export function sharedSteps(was: readonly LayerStep[], is: readonly LayerStep[]): number {
  const most = Math.min(was.length, is.length);
  for (let count = 0; count < most; count++) {
    const [one, other] = [was.at(-1 - count), is.at(-1 - count)];
    if (one?.layer !== other?.layer || one?.createdBy !== other?.createdBy) return count;
  }
  return most;
}

function flatten(record: Fields): Map<string, string> {
  const fields = new Map<string, string>();
  const note = (name: string, value: unknown) => {
    const isEmpty = value === null || value === undefined || value === "" || value === false;
    if (isEmpty || (typeof value === "object" && Object.keys(value).length === 0)) return;
    fields.set(name, typeof value === "string" ? value : JSON.stringify(value));
  };
  for (const name of fieldsOfRecord) note(name, record[name]);
  for (const [name, value] of Object.entries(objectOf(record.config))) {
    if (name === "Env" && Array.isArray(value)) {
      for (const variable of value) {
        const [key = "", ...rest] = String(variable).split("=");
        note(`Env ${key}`, rest.join("="));
      }
    } else if (name === "Labels") {
      for (const [label, text] of Object.entries(objectOf(value))) note(`Label ${label}`, text);
    } else note(name, value);
  }
  return fields;
}

function objectOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}
