export function JobPage({ queue, id }: { queue: string; id: string }) {
  return (
    <h1>
      Job {queue} {id}
    </h1>
  );
}
