export function ImagePage({ reference }: { reference: string }) {
  return <h1>Image {reference}</h1>;
}
