// The commands of queues, jobs and schedules. Each is loaded when it is asked for.

export const queueCommands = {
  jobs: () => import("./jobs.js"),
  job: () => import("./job.js"),
  cancel: () => import("./cancel.js"),
  schedule: () => import("./schedule.js"),
  schedules: () => import("./schedules.js"),
  unschedule: () => import("./unschedule.js"),
} as const;
