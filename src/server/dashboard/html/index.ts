// What the server writes as HTML itself.
export { escapeHtml } from "./escape-html.js";
export { renderLoginPage } from "./login-page.js";
export { headerAssets, renderHeader, withHeader } from "./page-header.js";
