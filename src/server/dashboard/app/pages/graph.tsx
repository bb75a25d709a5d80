// The graph as a picture, which follows what jobs change. What it shows stands in the address.
import { useEffect, useRef, useState } from "preact/hooks";
import { followGraph } from "../graph-feed.js";
import { pageSearch } from "../page-search.js";
import { openPicture, readLink, writeLink } from "../picture/index.js";
import { navigate, pathOf, queryOf, place as shownPlace } from "../router.js";
import { useTitle } from "../title.js";

const path = "/graph";

export function GraphPage() {
  useTitle("Graph");
  const place = useRef<HTMLDivElement>(null);
  const [error, setError] = useState<string>();
  useEffect(() => {
    if (place.current === null) return;
    const picture = openPicture(place.current, {
      open: (id) => navigate(`/images/${encodeURIComponent(id)}`),
      changed: (link, how) => navigate(path + writeLink(link), how),
    });
    // Called at once, and whenever a link, the way back or the search in the header leads elsewhere.
    const endPlace = shownPlace.subscribe((to) => {
      if (pathOf(to) === path) picture.restore(readLink(queryOf(to)));
    });
    pageSearch.value = { step: picture.step, select: picture.select };
    const endFeed = followGraph({ show: picture.show, failed: setError });
    return () => {
      pageSearch.value = undefined;
      endPlace();
      endFeed();
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
