// The dashboard in the browser.
import { render } from "preact";
import { followEvents } from "./live.js";
import { followLinks } from "./router.js";
import { Shell } from "./shell.js";
import { applyTheme } from "./theme.js";
import "./style/index.css";

applyTheme();
followLinks();
followEvents();
const place = document.getElementById("app");
if (place !== null) render(<Shell />, place);
