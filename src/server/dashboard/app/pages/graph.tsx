// The graph as a picture, which follows what jobs change.
import { useEffect, useRef, useState } from "preact/hooks";
import { followGraph } from "../graph-feed.js";
import { openPicture } from "../picture/index.js";
import { navigate } from "../router.js";
import { useTitle } from "../title.js";

export function GraphPage() {
  useTitle("Graph");
  const place = useRef<HTMLDivElement>(null);
  const [error, setError] = useState<string>();
  useEffect(() => {
    if (place.current === null) return;
    const picture = openPicture(place.current, {
      open: (id) => navigate(`/images/${encodeURIComponent(id)}`),
    });
    const end = followGraph({ show: picture.show, failed: setError });
    return () => {
      end();
      picture.close();
    };
  }, []);
  return (
    <div class="graph-page">
      <h1>Graph</h1>
      <p role="alert">{error}</p>
      <div class="graph-place" ref={place} />
    </div>
  );
}
