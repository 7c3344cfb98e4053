// Builds the explorer into `dist`, from where the server embeds it and serves it under /graphiql/.
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  base: "/graphiql/",
  plugins: [react()],
  worker: { format: "es" },
  // The editor is one large chunk by nature; it is served from the same machine and cached for good.
  build: {
    outDir: "dist",
    emptyOutDir: true,
    chunkSizeWarningLimit: 6000,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // GraphiQL marks its files for a compiler that we do not run.
      onwarn: (warning, report) => (warning.code === "MODULE_LEVEL_DIRECTIVE" ? undefined : report(warning)),
    },
  },
  server: { proxy: { "/graphql": "http://127.0.0.1:8080", "/metadata": "http://127.0.0.1:8080" } },
});
