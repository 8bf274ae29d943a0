import { expect, it } from "vitest";
import { createUnits } from "../../src/guest/records/record-access.ts";
import { models } from "../../src/models.ts";
import { compare } from "../../src/records/condition.ts";
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
