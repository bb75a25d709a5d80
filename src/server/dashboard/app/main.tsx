// The dashboard in the browser.
import { render } from "preact";

const place = document.getElementById("app");
if (place !== null) render(<h1>Stevedore</h1>, place);
