import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    // Captures and real processes are slow on a small machine; nothing here measures time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
