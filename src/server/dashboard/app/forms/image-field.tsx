// A field for an image: it proposes those that begin as what is typed.
import { useId, useState } from "preact/hooks";
import type { ImageSummary } from "../api-types.js";
import { useResource } from "../resource.js";
import { TextField } from "./field.js";

const proposed = 20;

export function ImageField(props: {
  name: string;
  label: string;
  hint?: string;
  required?: boolean;
  value?: string;
}) {
  const {
    name,
    label,
    hint = "Its name, its id, or the beginning of its id",
    required = false,
    value,
  } = props;
  const [typed, setTyped] = useState("");
  const list = useId();
  const query = new URLSearchParams({ prefix: typed, limit: String(proposed) });
  const isPrefix = /^[A-Za-z0-9_.-]{0,128}$/.test(typed);
  const { data } = useResource<{ images: readonly ImageSummary[] }>(isPrefix ? `images?${query}` : undefined);
  return (
    <>
      <TextField
        {...{ name, label, hint, required, list, defaultValue: value }}
        onInput={({ currentTarget }) => setTyped(currentTarget.value.trim())}
      />
      <datalist id={list}>
        {data?.images.map(({ id, names, comment }) => (
          <option key={id} value={names[0] ?? id}>
            {[id.slice(0, 12), ...names, comment ?? ""].filter(Boolean).join(" · ")}
          </option>
        ))}
      </datalist>
    </>
  );
}
