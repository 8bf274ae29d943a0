import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const pathOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** None of these can be changed by a program, and none does anything to others when it is called. */
const UNCHANGEABLE = `
builtins.builtin_function_or_method builtins.ellipsis builtins.function builtins.getset_descriptor builtins.mappingproxy
builtins.member_descriptor builtins.method builtins.method_descriptor builtins.property builtins.tuple builtins.type
collections._tuplegetter datetime.date datetime.time datetime.timezone dateutil.relativedelta.weekday dateutil.rrule.weekday
dateutil.tz.tzutc modules.wrap_module re.Pattern urllib.parse.SplitResult urllib.parse.SplitResultBytes zones._ChangingZone
zones._FixedZone zones._Utc`;

it("what two runs can both reach, neither can change", { timeout: 60_000 }, () => {
  const found = execFileSync(process.execPath, [pathOf("shared-objects.ts"), pathOf("shared-objects.py")], {
    encoding: "utf8",
  });
  // Each with a way to it, for whoever has to mend it.
  const unknown = Object.entries(JSON.parse(found) as Record<string, string>).filter(
    ([type]) => !UNCHANGEABLE.trim().split(/\s+/).includes(type),
  );
  expect(unknown).toEqual([]);
});
