import { expect, it } from "vitest";
import { describeEachDatabase } from "../support/databases.ts";
import { openRecords } from "./support.ts";

/** What source is checked as when it is saved. */
describeEachDatabase(({ openFreshDatabase }) => {
  it("the code of a command is checked as its action says, also where that stays as it was", async () => {
    const checked: string[] = [];
    await using at = await openRecords(openFreshDatabase, async (program, source) => {
      checked.push(`${program}: ${source}`);
      return source === "bad" ? "does not compile" : null;
    });
    await at.create("command", { name: "C", reference: "c", action: "python_code", code: "one" });
    await at.update("command", "c", { code: "two" });
    await at.update("command", "c", { code: "three", action: "ssh_command" });
    await at.update("command", "c", { code: "four" });
    await at.update("command", "c", { name: "D" });
    expect(checked).toEqual(["python_command: one", "python_command: two", "text: three", "text: four"]);
    await expect(at.update("command", "c", { code: "bad" })).rejects.toMatchObject({
      code: "invalid",
      errors: [{ path: "code", message: "does not compile" }],
    });
  });

  it("modifiers and conditions are checked", async () => {
    await using at = await openRecords(openFreshDatabase, async (program) => `is ${program}`);
    const of = (path: string, message: string) => ({ code: "invalid", errors: [{ path, message }] });
    await expect(at.create("variable", { name: "V", applied_expression: "x" })).rejects.toMatchObject(
      of("applied_expression", "is modifier"),
    );
    await expect(at.create("plan_line", { plan_id: "p", command_id: "c", condition: "x" })).rejects.toMatchObject(
      of("condition", "is line_condition"),
    );
  });
});
