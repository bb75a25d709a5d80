// The door of schedules.
export { nextRuns } from "./cron.js";
export {
  type NewSchedule,
  openSchedules,
  type PausedSchedule,
  type Schedule,
  type Schedules,
} from "./schedules.js";
