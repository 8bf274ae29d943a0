import { assertActs, readArguments, recordSet } from "../../guest/records/arguments.ts";
import { longName } from "../../guest/records/model-names.ts";
import type { MethodCall, RecordMethod, RecordMethods } from "../../guest/records/record-calls.ts";
import { all, compare, type Condition } from "../../records/condition.ts";
import type { ModelRegistry } from "../../records/model.ts";
import type { Json } from "../../sandbox/sandbox.ts";

/** Models that have tags. */
const TAGGED = ["server", "command", "plan", "server_template", "file_template", "variable"] as const;

/** `add_tags`, `remove_tags`, `has_tags` and `has_all_tags`, as in the original. Tags go by their names. */
export function tagMethods(models: ModelRegistry): RecordMethods {
  const tag = models.get("tag");

  async function findTags(names: readonly string[], { unit }: MethodCall): Promise<readonly number[]> {
    if (names.length === 0) return [];
    return unit.read((operations) => operations.search(tag, compare("name", "in", names), {}, unit.actor));
  }

  /** Names that no tag has are passed over. */
  const change =
    (merge: (before: readonly number[], named: readonly number[]) => readonly number[]): RecordMethod =>
    async ({ model, ids }, call) => {
      const { unit } = call;
      assertActs(call);
      const [given] = readArguments(call, ["tag_names"]);
      const named = await findTags(readNames(given) ?? [], call);
      if (named.length === 0) return true;
      await unit.change({
        model,
        makes: 0,
        touches: ids.length,
        async apply(operations) {
          for (const { row, lists } of await operations.read(model, ids, unit.actor)) {
            const after = merge(lists.get("tag_ids") ?? [], named);
            const references = await operations.findReferences(tag, after);
            await operations.update(model, row.id, { tag_ids: [...references.values()] }, unit.actor);
          }
        },
      });
      return true;
    };

  /** Those of the records, or of all there are, whose tags are as asked for. */
  const select =
    (hasTags: (names: readonly string[]) => Condition): RecordMethod =>
    async ({ model, ids }, call) => {
      const { unit } = call;
      const [given, searchAll] = readArguments(call, ["tag_names", "search_all"]);
      const names = readNames(given);
      const isAsked = names !== null && names.length > 0 && (ids.length > 0 || searchAll === true);
      if (!isAsked) return recordSet(longName(model), []);
      const among = searchAll === true ? true : compare("id", "in", ids);
      const condition = all(among, hasTags(names));
      const found = await unit.read((operations) => operations.search(model, condition, {}, unit.actor));
      return recordSet(longName(model), found);
    };

  const methods = {
    add_tags: change((before, named) => [...new Set([...before, ...named])]),
    remove_tags: change((before, named) => before.filter((id) => !named.includes(id))),
    has_tags: select((names) => compare("tag_ids.name", "in", names)),
    has_all_tags: select((names) => all(...names.map((name) => compare("tag_ids.name", "=", name)))),
  };
  return Object.fromEntries(TAGGED.map((name) => [name, methods]));
}

/** @returns null for what is neither a text nor a list of texts */
function readNames(given: Json | undefined): readonly string[] | null {
  if (typeof given === "string") return [given];
  if (!Array.isArray(given) || !given.every((name) => typeof name === "string")) return null;
  return given;
}
