// The search in the header of all pages.
import { navigate } from "./router.js";

/** An id or the beginning of one leads to the image's page, which lists the candidates if there are several. */
export function HeaderSearch() {
  const find = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const reference = String(new FormData(form).get("image") ?? "").trim();
    if (reference === "") return;
    form.reset();
    navigate(`/images/${encodeURIComponent(reference)}`);
  };
  return (
    <search>
      <form class="find" onSubmit={find}>
        <input type="search" name="image" aria-label="Find an image by its id" placeholder="Image id…" />
      </form>
    </search>
  );
}
