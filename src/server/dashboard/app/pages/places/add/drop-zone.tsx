// Where files are dropped, or chosen.
import { useEffect, useState } from "preact/hooks";
import { uploadFile } from "../../../uploads/index.js";

export function DropZone() {
  const [isOver, setOver] = useState(false);
  const [complaints, setComplaints] = useState<readonly string[]>([]);
  const take = (files: readonly File[], directories: readonly string[] = []) => {
    const empty = files.filter(({ size }) => size === 0).map(({ name }) => name);
    setComplaints([
      ...directories.map(
        (name) => `${name} is a directory: make an archive of it, by tar -cf ${name}.tar -C ${name} .`,
      ),
      ...empty
        .filter((name) => !directories.includes(name))
        .map((name) => `${name} is empty: it is no archive.`),
    ]);
    for (const file of files) if (file.size > 0 && !directories.includes(file.name)) uploadFile(file);
  };
  // What is dropped beside it would be opened instead of this page.
  useEffect(() => {
    const keep = (event: DragEvent) => event.preventDefault();
    addEventListener("dragover", keep);
    addEventListener("drop", keep);
    return () => {
      removeEventListener("dragover", keep);
      removeEventListener("drop", keep);
    };
  }, []);
  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the field in it does the same for the keyboard */}
      <div
        class="drop"
        data-over={isOver}
        onDragOver={() => setOver(true)}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          setOver(false);
          if (event.dataTransfer !== null)
            take([...event.dataTransfer.files], directoriesIn(event.dataTransfer));
        }}
      >
        <label>
          <strong>Drop archives here, or choose them</strong>
          <input
            type="file"
            multiple
            onChange={({ currentTarget }) => {
              take([...(currentTarget.files ?? [])]);
              // The same file may be chosen again.
              currentTarget.value = "";
            }}
          />
        </label>
        <p class="muted">
          Tar, plain or compressed. An upload that breaks off, or is left by a reload, goes on where it was
          once the same file is chosen again; what no job has taken is removed after an hour.
        </p>
      </div>
      <div role="alert" class="complaint">
        {complaints.map((line) => (
          <p key={line}>{line}</p>
        ))}
      </div>
    </>
  );
}

function directoriesIn({ items }: DataTransfer): string[] {
  return [...items].flatMap((item) => {
    const entry = item.webkitGetAsEntry();
    return entry?.isDirectory ? [entry.name] : [];
  });
}
