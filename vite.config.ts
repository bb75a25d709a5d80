// Builds the dashboard's pages for the browser; scripts/build.mjs calls it.
import { defineConfig } from "vite";

export default defineConfig({
  root: "src/server/dashboard/app",
  // The pages lie at several paths, their assets at one.
  base: "/assets/",
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: {
    outDir: "../../../../dist/server/dashboard/app",
    assetsDir: "",
    emptyOutDir: true,
    // An inlined asset would take an exception in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
