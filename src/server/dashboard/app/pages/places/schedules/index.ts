// What is done again and again.
export { SchedulesPage } from "./schedules.js";
