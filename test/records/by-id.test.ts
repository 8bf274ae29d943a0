import { expect, it } from "vitest";
import { createUnits } from "../../src/guest/records/record-access.ts";
import { models } from "../../src/models.ts";
import { compare, type Operator } from "../../src/records/condition.ts";
import { describeEachDatabase } from "../support/databases.ts";
import { openRecords, ROOT } from "./support.ts";

const tag = models.get("tag");

describeEachDatabase(({ openFreshDatabase }) => {
  it("ids that were reserved are given to nobody else", async () => {
    await using at = await openRecords(openFreshDatabase);
    const first = await at.records.reserveIds(tag, 2);
    await at.create("tag", { name: "a" });
    const second = await at.records.reserveIds(tag, 2);
    const [made = 0] = await at.records.byId.search(tag, true, {}, ROOT);
    expect(new Set([...first, made, ...second]).size).toBe(5);
  });

  it("numbers that no column can hold are compared like others, and find nothing", async () => {
    await using at = await openRecords(openFreshDatabase);
    await at.create("tag", { name: "a", color: 1 });
    const { byId } = at.records;
    const count = (path: string, operator: Operator, value: number | number[]) =>
      byId.count(tag, compare(path, operator, value), ROOT);
    for (const value of [2 ** 31, 99_999_999_999, Number.MAX_SAFE_INTEGER, -(2 ** 40)]) {
      expect(await count("id", "=", value)).toBe(0);
      expect(await count("id", "in", [1, value])).toBe(1);
      expect(await count("create_uid", "!=", value)).toBe(1);
      expect(await byId.findReferences(tag, [value])).toEqual(new Map());
      await expect(byId.read(tag, [value], ROOT)).rejects.toMatchObject({ code: "not_found" });
    }
    for (const value of [0.5, 2 ** 31, 1e300]) expect(await count("color", ">", value)).toBe(value < 1 ? 1 : 0);
    for (const value of [1.5, 1_764_000_000.25]) expect(await count("create_date", ">", value)).toBe(1);
    expect(await count("create_date", ">", 1e300)).toBe(0);
    await expect(count("id", "like", 1)).rejects.toMatchObject({ code: "invalid" });
    const many = Array.from({ length: 10_001 }, (_, index) => index);
    await expect(count("id", "in", many)).rejects.toMatchObject({ code: "invalid" });
    for (const model of ["command_log", "plan_log"])
      await expect(at.get(model, "99999999999")).rejects.toMatchObject({ code: "not_found" });
  });

  it("a unit reads its own changes, others do not until it is kept, and its ids stay", async () => {
    await using at = await openRecords(openFreshDatabase);
    const open = createUnits(at.records, at.db.main);
    const unit = open(ROOT, { readOnly: false });
    const [id = 0] = await unit.change({
      model: tag,
      makes: 1,
      touches: 1,
      apply: (operations, [reserved = 0]) => operations.create(tag, { name: "mine" }, ROOT, reserved),
    });
    await unit.change({
      model: tag,
      makes: 0,
      touches: 1,
      apply: (operations) => operations.update(tag, id, { color: 7 }, ROOT),
    });
    // Somebody else takes the next id meanwhile.
    await at.create("tag", { name: "other" });
    const find = compare("color", "=", 7);
    expect(await unit.read((operations) => operations.search(tag, find, {}, ROOT))).toEqual([id]);
    expect(await at.records.byId.search(tag, find, {}, ROOT)).toEqual([]);
    await unit.keep();
    expect(await at.records.byId.search(tag, find, {}, ROOT)).toEqual([id]);
  });

  it("a change that is refused leaves the unit as it was, and a unit that cannot be kept leaves nothing", async () => {
    await using at = await openRecords(openFreshDatabase);
    const unit = createUnits(at.records, at.db.main)(ROOT, { readOnly: false });
    const make = (reference: string) =>
      unit.change({
        model: tag,
        makes: 1,
        touches: 1,
        apply: (operations, [id = 0]) => operations.create(tag, { name: reference, reference }, ROOT, id),
      });
    await make("one");
    await expect(make("one")).rejects.toMatchObject({ code: "conflict" });
    await make("two");
    await at.create("tag", { name: "two", reference: "two" });
    await expect(unit.keep()).rejects.toMatchObject({ code: "conflict" });
    expect(await at.records.byId.count(tag, true, ROOT)).toBe(1);
  });
});
