export function BatchPage({ id }: { id: string }) {
  return <h1>Batch {id}</h1>;
}
