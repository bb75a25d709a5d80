// The state of a job: a word and a colour.
export function State({ name }: { name: string }) {
  return (
    <span class="state" data-state={name}>
      {name}
    </span>
  );
}
