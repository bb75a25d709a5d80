// The fields of jobs that bring images, or take them away.
import {
  imageFormats,
  layerCompressions,
  manifestFormats,
  pushCompressions,
  recipeNames,
} from "../../../../../terms/index.js";
import { CheckField, ChoiceField, LongField, More, TextField } from "../field.js";
import { ImageField } from "../image-field.js";

const platformHint = "os/architecture[/variant], such as linux/arm64; by default that of the worker's host";

/** @param at what comes before the names of the fields: `data.` where the job's data is part of something */
interface At {
  readonly at?: string;
}

export function StoreFields() {
  return (
    <>
      <TextField name="name" label="Name" hint="Such as web:1.0; it may have none" />
      <ImageField
        name="image.parent"
        label="Parent"
        hint="The image that the layer lies on; none for a base"
      />
      <TextField name="image.comment" label="Comment" />
      <More>
        <TextField name="image.id" label="Id" hint="By default a new one of 64 hex digits" />
        <TextField name="image.author" label="Author" />
        <TextField
          name="image.created"
          label="Created"
          hint="RFC 3339, such as 2013-06-13T14:03:50Z; by default now"
        />
        <ChoiceField
          name="ifExists"
          label="If the id is taken"
          none="fail"
          options={[["skip", "keep the image that is there"]]}
        />
        <ChecksumChoice name="checksum" />
        <LongField
          name="json"
          label="Record as JSON"
          hint="Instead of id, parent, comment, author and time: kept byte for byte"
        />
      </More>
    </>
  );
}

/** Whether a checksum is computed as well. */
export function ChecksumChoice({ name }: { name: string }) {
  return (
    <ChoiceField
      name={name}
      label="Then compute a checksum"
      none="no"
      options={recipeNames}
      hint="By recipe"
    />
  );
}

export function ImportFields() {
  return (
    <>
      <TextField
        name="name"
        label="Name"
        hint="A repository for the names in the archive; with a tag, the name of its only image"
      />
      <TextField name="platform" label="Platform" hint={platformHint} />
    </>
  );
}

export function PullFields({ at = "" }: At) {
  return (
    <>
      <TextField
        name={`${at}ref`}
        label="Reference"
        required
        placeholder="docker.io/library/debian:12"
        hint="[HOST[:PORT]/]PATH[:TAG][@sha256:HEX], as Docker reads it"
      />
      <More>
        <TextField
          name={`${at}name`}
          label="Name"
          hint="Another repository for its name; with a tag, the whole name"
        />
        <TextField name={`${at}platform`} label="Platform" hint={platformHint} />
        <CheckField name={`${at}allPlatforms`} label="The images of all platforms" />
      </More>
    </>
  );
}

export function PushFields({ at = "" }: At) {
  return (
    <>
      <ImageField name={`${at}image`} label="Image" required />
      <TextField
        name={`${at}ref`}
        label="Target"
        required
        placeholder="registry.example:5000/team/web:1.0"
        hint="[HOST[:PORT]/]PATH[:TAG]: where it goes"
      />
      <More>
        <ChoiceField
          name={`${at}format`}
          label="Manifest"
          none="as it came, or OCI's"
          options={manifestFormats}
        />
        <ChoiceField
          name={`${at}compress`}
          label="Layers"
          none="as they came, or by gzip"
          options={pushCompressions}
        />
      </More>
    </>
  );
}

/** Without the images, which a page chooses. */
export function ExportFields() {
  return (
    <>
      <ChoiceField
        name="format"
        label="Format"
        options={imageFormats}
        hint="docker is for docker load, oci for all others"
      />
      <ChoiceField
        name="compress"
        label="Layers"
        none="none, or gzip for oci"
        options={layerCompressions}
        hint="oci has no xz"
      />
      <TextField name="file" label="File" hint="By default the job's id with .tar behind it" />
      <More>
        <CheckField
          name="canonical"
          label="Layers as their canonical tars"
          hint="Instead of as they came: imported images get other ids by it"
        />
      </More>
    </>
  );
}
