import { HooktowerError } from "../../lib/errors.ts";
import { seesField } from "../../records/access.ts";
import { compare, type Condition } from "../../records/condition.ts";
import type { Field } from "../../records/field.ts";
import { findField, type Model, type ModelRegistry, type RecordValues } from "../../records/model.ts";
import type { OperationsById } from "../../records/by-id.ts";
import type { Records } from "../../records/records.ts";
import type { RowQuery } from "../../records/records.store.ts";
import { GuestError, type Json } from "../../sandbox/sandbox.ts";
import type { CodeUser } from "../guest.ts";
import type { HostCall, HostCallContext, HostCalls } from "../host-calls.ts";
import { assertActs } from "./arguments.ts";
import { parseDomain } from "./domain.ts";
import { createModelNames, longName } from "./model-names.ts";
import { TooManyChanges, type RecordUnit } from "./unit.ts";
import { fromGuestValues, namesRecords, toGuestRow } from "./values.ts";

/** A method of records that snippets can call, beside those that all record sets have. */
export type RecordMethod = (
  subject: { readonly model: Model; readonly ids: readonly number[] },
  call: MethodCall,
) => Promise<Json>;

export interface MethodCall extends Pick<HostCallContext, "signal" | "callId" | "remainingMs"> {
  readonly args: readonly Json[];
  readonly kwargs: { readonly [name: string]: Json };
  readonly context: { readonly [name: string]: Json };
  readonly unit: RecordUnit;
  readonly user: CodeUser;
}

/** By name of the model, then of the method. */
export type RecordMethods = Readonly<Record<string, Readonly<Record<string, RecordMethod>>>>;

/** Methods of the `tower` helper, by name. */
export type TowerMethods = Readonly<Record<string, (call: MethodCall) => Promise<Json>>>;

interface RecordCallTools {
  readonly records: Records;
  readonly models: ModelRegistry;
  readonly methods: RecordMethods;
  readonly tower: TowerMethods;
}

const MAX_IDS = 10_000;
const TYPES: Readonly<Record<Field["kind"], string>> = {
  text: "char",
  longText: "text",
  code: "text",
  secret: "char",
  password: "char",
  flag: "boolean",
  integer: "integer",
  datetime: "datetime",
  json: "json",
  selection: "selection",
  many2one: "many2one",
  one2many: "one2many",
  many2many: "many2many",
};

/** What programs may ask of records: `records.*` and `tower.call`. */
export function createRecordCalls({ records, models, methods, tower }: RecordCallTools): HostCalls {
  const findModel = createModelNames(models);

  function getModel(args: Args): Model {
    const name = args["model"];
    const model = typeof name === "string" ? findModel(name) : undefined;
    if (!model) throw new GuestError("KeyError", JSON.stringify(name ?? null));
    return model;
  }

  async function search(args: Args, unit: RecordUnit): Promise<number[]> {
    const model = getModel(args);
    const order = parseOrder(args["order"] ?? null, model, unit);
    const options = {
      ...readCount(args, "offset"),
      ...readCount(args, "limit"),
      ...(order && { order }),
    };
    return unit.read((operations) => operations.search(model, parseCondition(args, model), options, unit.actor));
  }

  async function convert(
    given: readonly Json[],
    model: Model,
    ids: readonly (number | null)[],
    unit: RecordUnit,
  ): Promise<RecordValues[]> {
    const convertAll = async (operations: OperationsById): Promise<RecordValues[]> => {
      const values: RecordValues[] = [];
      for (const [index, one] of given.entries()) {
        values.push(await fromGuestValues(one, model, ids[index] ?? null, { models, operations, actor: unit.actor }));
      }
      return values;
    };
    // Where nothing is asked, no transaction need be opened to ask.
    const isAsking = given.some((one) => namesRecords(one, model));
    const converted = await (isAsking ? unit.read(convertAll) : convertAll(records.byId));
    const prepared: RecordValues[] = [];
    for (const [index, values] of converted.entries()) {
      prepared.push(await records.prepare(model, values, ids[index] === null ? "create" : "update"));
    }
    return prepared;
  }

  const calls: Readonly<Record<string, (args: Args, unit: RecordUnit, context: HostCallContext) => Promise<Json>>> = {
    async "records.model"(args) {
      const model = findModel(nameOf(args["model"]));
      return model ? describeModel(model) : null;
    },
    "records.search": search,
    async "records.count"(args, unit) {
      const model = getModel(args);
      return unit.read((operations) => operations.count(model, parseCondition(args, model), unit.actor));
    },
    async "records.read"(args, unit) {
      const model = getModel(args);
      const fields = args["fields"];
      const wanted = Array.isArray(fields) ? fields.map(String) : null;
      const rows = await unit.read((operations) => operations.read(model, readIds(args), unit.actor));
      return rows.map((row) => toGuestRow(model, row, unit.actor, wanted));
    },
    async "records.exists"(args, unit) {
      return unit.read((operations) => operations.exists(getModel(args), readIds(args)));
    },
    async "records.by_reference"(args, unit) {
      const { reference } = args;
      if (typeof reference !== "string") return null;
      return unit.read((operations) => operations.findByReference(getModel(args), reference, unit.actor));
    },
    async "records.create"(args, unit) {
      const model = getModel(args);
      assertActs({ unit });
      const given = Array.isArray(args["values"]) ? args["values"] : [];
      const values = await convert(
        given,
        model,
        given.map(() => null),
        unit,
      );
      const ids = await unit.change({
        model,
        makes: values.length,
        touches: values.length,
        async apply(operations, reserved) {
          for (const [index, one] of values.entries())
            await operations.create(model, one, unit.actor, reserved[index] ?? 0);
        },
      });
      return [...ids];
    },
    async "records.write"(args, unit) {
      const model = getModel(args);
      assertActs({ unit });
      const ids = readIds(args);
      const values = await convert(
        ids.map(() => args["values"] ?? {}),
        model,
        ids,
        unit,
      );
      await unit.change({
        model,
        makes: 0,
        touches: ids.length,
        async apply(operations) {
          for (const [index, id] of ids.entries()) await operations.update(model, id, values[index] ?? {}, unit.actor);
        },
      });
      return null;
    },
    async "records.unlink"(args, unit) {
      const model = getModel(args);
      assertActs({ unit });
      const ids: number[] = [];
      // What is done beforehand is done at once, and stays done when the code raises: it happens on servers.
      for (const id of readIds(args)) if (await records.prepareDelete(model, id, unit.actor)) ids.push(id);
      await unit.change({
        model,
        makes: 0,
        touches: ids.length,
        async apply(operations) {
          for (const id of ids) await operations.delete(model, id, unit.actor);
        },
      });
      return null;
    },
    async "records.call"(args, unit, context) {
      const model = getModel(args);
      const method = own(own(methods, model.name) ?? {}, nameOf(args["method"]));
      if (!method) throw new GuestError("AttributeError", `${longName(model)} has no method ${nameOf(args["method"])}`);
      return method({ model, ids: readIds(args) }, readCall(args, unit, context));
    },
    async "tower.call"(args, unit, context) {
      const method = own(tower, nameOf(args["method"]));
      if (!method) throw new GuestError("AttributeError", `tower has no method ${nameOf(args["method"])}`);
      return method(readCall(args, unit, context));
    },
  };

  function describeModel(model: Model): Json {
    const fields: { [name: string]: Json } = {
      create_date: { type: "datetime" },
      write_date: { type: "datetime" },
      create_uid: { type: "integer" },
    };
    if (model.referenceField === "reference") fields["reference"] = { type: "char" };
    for (const [name, field] of Object.entries(model.fields))
      fields[name] = {
        type: TYPES[field.kind],
        ...("relation" in field && { relation: longName(models.get(field.relation)) }),
      };
    const names = Object.keys(own(methods, model.name) ?? {});
    return {
      name: longName(model),
      label: model.label,
      fields,
      methods: Object.fromEntries(names.map((name) => [name, "many"])),
    };
  }

  return Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, toHostCall(call)]));
}

/** A name that a program gave; anything else names nothing. */
function nameOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

type Args = { readonly [name: string]: Json };

function toHostCall(call: (args: Args, unit: RecordUnit, context: HostCallContext) => Promise<Json>): HostCall {
  return async (args, context) => {
    const [given] = Array.isArray(args) ? args : [];
    if (typeof given !== "object" || given === null || Array.isArray(given))
      throw new GuestError("TypeError", "a record is asked with one object");
    if (!context.unit) throw new GuestError("AccessError", "There are no records here");
    try {
      return await call(given, context.unit, context);
    } catch (thrown) {
      throw explain(thrown);
    }
  };
}

const EXCEPTIONS: Readonly<Record<string, string>> = {
  forbidden: "AccessError",
  not_found: "MissingError",
  invalid: "ValidationError",
  conflict: "ValidationError",
  unavailable: "UserError",
};

/** What records refuse, as an exception of the program. */
function explain(thrown: unknown): unknown {
  if (thrown instanceof TooManyChanges) return new GuestError("UserError", thrown.message);
  if (!(thrown instanceof HooktowerError)) return thrown;
  const type = EXCEPTIONS[thrown.code];
  return type === undefined ? thrown : new GuestError(type, thrown.message);
}

/** Archived records are found only by those who ask for them. */
function parseCondition(args: Args, model: Model): Condition {
  const domain = args["domain"] ?? [];
  const condition = parseDomain(domain);
  const asksForActive = Array.isArray(domain) && domain.some((term) => Array.isArray(term) && term[0] === "active");
  if (args["active_test"] === false || asksForActive || !findField(model, "active")) return condition;
  return { all: [condition, compare("active", "=", true)] };
}

function parseOrder(order: Json, model: Model, unit: RecordUnit): RowQuery["order"] | null {
  if (typeof order !== "string" || order.trim() === "") return null;
  return order.split(",").map((part) => {
    const [column = "", direction = "asc", ...rest] = part.trim().split(/\s+/);
    const field = findField(model, column);
    const isKnown = field
      ? seesField(unit.actor, field) && SORTABLE.includes(field.kind)
      : ["id", "reference", "create_date", "write_date"].includes(column);
    if (!isKnown || rest.length > 0 || !/^(?:asc|desc)$/i.test(direction))
      throw new GuestError("ValueError", `${JSON.stringify(part.trim())} is no order of ${longName(model)}`);
    return { column, descending: direction.toLowerCase() === "desc" };
  });
}

const SORTABLE: readonly string[] = ["text", "longText", "flag", "integer", "datetime", "selection", "many2one"];

/** @throws GuestError for a number that counts nothing */
function readCount<N extends "offset" | "limit">(args: Args, name: N): { [K in N]?: number } {
  const count = args[name];
  if (typeof count !== "number") return {};
  if (!Number.isSafeInteger(count) || count < 0) throw new GuestError("ValueError", `${name} must be a whole number`);
  return { [name]: count } as { [K in N]?: number };
}

function readIds(args: Args): number[] {
  const { ids } = args;
  if (!Array.isArray(ids) || !ids.every((id) => typeof id === "number" && Number.isSafeInteger(id)))
    throw new GuestError("TypeError", "records are named by whole numbers");
  if (ids.length > MAX_IDS) throw new GuestError("ValueError", `at most ${MAX_IDS} records at once`);
  return [...new Set(ids as number[])];
}

function readCall(args: Args, unit: RecordUnit, { user, callId, signal, remainingMs }: HostCallContext): MethodCall {
  if (!user) throw new GuestError("AccessError", "There is nobody to do it for");
  return {
    args: Array.isArray(args["args"]) ? args["args"] : [],
    kwargs: readObject(args["kwargs"]),
    context: readObject(args["context"]),
    unit,
    user,
    callId,
    signal,
    remainingMs,
  };
}

function readObject(value: Json | undefined): { [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

/** Names come from programs: `constructor` is no method. */
function own<T>(object: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
