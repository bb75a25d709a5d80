// The door of asking: questions on the terminal.
export { ask, askPassword } from "./ask.js";
export { asks, confirm, type YesFlag, yesOption } from "./confirm.js";
