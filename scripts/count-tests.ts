import { readFile } from "node:fs/promises";

/**
 * Prints `N passed, N failed` (and `, N skipped`) from the JSON report of a test run. A file that could
 * not be run at all counts as one failure; so does a report that is not there.
 */
interface Report {
  readonly numPassedTests: number;
  readonly numPendingTests: number;
  readonly testResults: ReadonlyArray<{
    readonly status: string;
    readonly assertionResults: ReadonlyArray<{ readonly status: string }>;
  }>;
}

console.log(await count(process.argv[2] ?? ""));

async function count(path: string): Promise<string> {
  let report: Report;
  try {
    report = JSON.parse(await readFile(path, "utf8")) as Report;
  } catch {
    return "0 passed, 1 failed";
  }
  const failed = report.testResults.reduce((sum, file) => {
    const tests = file.assertionResults.filter(({ status }) => status === "failed").length;
    return sum + (file.status === "failed" ? Math.max(tests, 1) : tests);
  }, 0);
  const skipped = report.numPendingTests;
  return `${report.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
