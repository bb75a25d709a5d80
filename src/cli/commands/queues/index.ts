// The commands of queues, jobs and schedules. Each is loaded when it is asked for.

export const queueCommands = {
  jobs: () => import("./jobs.js"),
  job: () => import("./job.js"),
  cancel: () => import("./cancel.js"),
  retry: () => import("./retry.js"),
  remove: () => import("./remove.js"),
  pause: () => import("./pause.js"),
  resume: () => import("./resume.js"),
  schedule: () => import("./schedule.js"),
  schedules: () => import("./schedules.js"),
  unschedule: () => import("./unschedule.js"),
} as const;
