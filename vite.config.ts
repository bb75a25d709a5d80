// Builds the dashboard's pages for the browser; scripts/build.mjs calls it.
import { defineConfig } from "vite";
import { jobFacts } from "./src/jobs/index.js";

export default defineConfig({
  root: "src/server/dashboard/app",
  // The pages lie at several paths, their assets at one.
  base: "/assets/",
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  // What app/job-kinds.ts knows of the jobs: by itself it would have to bring the schemas, too.
  define: { JOB_FACTS: JSON.stringify(jobFacts()) },
  build: {
    outDir: "../../../../dist/server/dashboard/app",
    assetsDir: "",
    emptyOutDir: true,
    // An inlined asset would take an exception in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
