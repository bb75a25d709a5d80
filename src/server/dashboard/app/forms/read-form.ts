// What somebody has filled into a form, as the data that is sent; what is left empty is left out.

/**
 * What the text of a field stands for: words that are apart by spaces or lines, days in milliseconds, or JSON.
 * A number, and true of what is checked, are told from the field's type.
 */
export type Meaning = "list" | "days" | "json";

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

const msOfDay = 86_400_000;

/** The data: each field at the path that its name is. What `wrongFields` complains of must not be in it. */
export function readForm(form: HTMLFormElement): Record<string, unknown> {
  const data: Record<string, unknown> = {};
  for (const control of controlsOf(form)) {
    const value = readValue(control);
    if (value !== undefined) put(data, control.name.split("."), value);
  }
  return data;
}

/** What is wrong with the fields as far as a browser can tell, by their names. */
export function wrongFields(form: HTMLFormElement): ReadonlyMap<string, string> {
  const wrong = new Map<string, string>();
  for (const control of controlsOf(form)) {
    const why = whyWrong(control);
    if (why !== undefined) wrong.set(control.name, why);
  }
  return wrong;
}

function controlsOf(form: HTMLFormElement): Control[] {
  return [...form.elements].filter(
    (each): each is Control =>
      (each instanceof HTMLInputElement ||
        each instanceof HTMLSelectElement ||
        each instanceof HTMLTextAreaElement) &&
      each.name !== "",
  );
}

function whyWrong(control: Control): string | undefined {
  if (control.required && control.value.trim() === "") return "Fill this in.";
  if (!control.validity.valid) return control.validationMessage;
  if (control.dataset.as === "json" && control.value.trim() !== "") {
    try {
      JSON.parse(control.value);
    } catch (error) {
      return `This is no JSON: ${(error as Error).message}`;
    }
  }
  return undefined;
}

function readValue(control: Control): unknown {
  if (control.type === "checkbox" || control.type === "radio") {
    if (!(control as HTMLInputElement).checked) return undefined;
    return control.type === "checkbox" ? true : control.value;
  }
  const text = control.value.trim();
  if (text === "") return undefined;
  switch (control.dataset.as as Meaning | undefined) {
    case "list":
      return text.split(/[\s,]+/);
    case "days":
      return Math.round(Number(text) * msOfDay);
    case "json":
      return JSON.parse(text);
    default:
      return control.type === "number" ? Number(text) : text;
  }
}

function put(data: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [field = "", ...rest] = path;
  if (rest.length === 0) {
    data[field] = value;
    return;
  }
  const inner = (data[field] ?? {}) as Record<string, unknown>;
  data[field] = inner;
  put(inner, rest, value);
}
