import type { Reporter, TestCase, TestModule } from "vitest/node";

/** Says at the end what was skipped and why: the reason is in the title of the outermost skipped suite. */
export function createSkipReporter(): Reporter {
  return {
    onTestRunEnd(modules) {
      const counts = countSkipped(modules);
      if (counts.size === 0) return;
      const lines = [...counts].map(([title, count]) => `  ${count} × ${title}`);
      process.stdout.write(`\nSkipped:\n${lines.join("\n")}\n`);
    },
  };
}

function countSkipped(modules: readonly TestModule[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const module of modules) {
    for (const test of module.children.allTests("skipped")) {
      const title = findReason(test);
      counts.set(title, (counts.get(title) ?? 0) + 1);
    }
  }
  return counts;
}

function findReason(test: TestCase): string {
  const titles: string[] = [];
  for (let task: TestCase | TestCase["parent"] = test; task.type !== "module"; task = task.parent) {
    if (task.options.mode === "skip") titles.unshift(task.name);
  }
  const result = test.result();
  const note = result.state === "skipped" && result.note ? `: ${result.note}` : "";
  return `${titles[0] ?? test.fullName}${note}`;
}
