// What a mount is made by.
import { mountDriverNames } from "../../../../../../terms/index.js";
import { CheckField, ChoiceField, ImageField, More, TextField } from "../../../forms/index.js";

/** @param image filled in at first */
export function MountFields({ image }: { image: string }) {
  return (
    <>
      <ImageField name="id" label="Image" required value={image} />
      <ChoiceField
        name="driver"
        label="Driver"
        none="auto"
        options={mountDriverNames}
        hint="auto is the first that the host can do; copy works everywhere, but takes no changes back"
      />
      <CheckField name="readOnly" label="Read-only" hint="Else what is written can be committed" />
      <More>
        <TextField
          name="target"
          label="Target"
          hint="An empty directory that the worker may mount in; by default a new one"
        />
        <TextField name="host" label="Host" hint="Whose worker mounts it; by default any" />
        <TextField
          name="options"
          label="Options"
          as="list"
          hint="Such as noexec, noatime or suid; nodev and nosuid are the defaults"
        />
      </More>
    </>
  );
}
