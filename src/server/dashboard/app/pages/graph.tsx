// The graph as a picture.
import { useTitle } from "../title.js";

export function GraphPage() {
  useTitle("Graph");
  return (
    <>
      <h1>Graph</h1>
      <div class="picture" />
    </>
  );
}
