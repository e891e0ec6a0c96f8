import { defineConfig } from "vite";

// The pages go where the front door and the installed server look for them; nothing is loaded from outside at run time.
export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: { outDir: "../../build/web", emptyOutDir: true, chunkSizeWarningLimit: 1500 },
});
