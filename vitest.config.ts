import { defineConfig } from "vitest/config";
import { createSkipReporter } from "./test/support/skip-reporter.ts";

/** Where a JSON report is written as well, when it is wanted. */
const report = process.env["TEST_REPORT"];

export default defineConfig({
  test: {
    environment: "node",
    include: ["test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    // Starting an interpreter takes a second, and longer on a busy machine.
    testTimeout: 20_000,
    hookTimeout: 30_000,
    reporters: ["default", createSkipReporter(), ...(report ? ["json"] : [])],
    ...(report && { outputFile: { json: report } }),
  },
});
