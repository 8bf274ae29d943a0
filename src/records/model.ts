import type { Tables } from "../db/schema.ts";
import type { FieldError } from "../lib/errors.ts";
import type { Actor, ModelAccess } from "./access.ts";
import type { Field, FieldValue } from "./field.ts";

/** Field name → value, as REST and YAML have it. */
export type RecordValues = { [field: string]: FieldValue };

/** What a check of a model is told: the record as it is and as it will be. */
export interface RecordChange {
  /** Null at creation. */
  readonly before: RecordValues | null;
  /** Null at deletion. */
  readonly after: RecordValues | null;
  readonly actor: Actor;
  /** The record comes from a file, which cannot hold passwords: what needs one may wait for it. */
  readonly fromFile: boolean;
  /** Other records, in the transaction of the change. */
  readonly count: (model: Model, filters: RecordValues) => Promise<number>;
  readonly find: (model: Model, reference: string) => Promise<RecordValues | null>;
  /** Models by name, for those that would import each other in a circle. */
  readonly getModel: (name: string) => Model;
}

/**
 * A model, defined once: storage, validation, REST with its OpenAPI, YAML, access, forms and (as
 * `env["cx.tower.<name>"]`) what snippets see come from this.
 */
export interface Model {
  /** Name in YAML (`cetmix_tower_model`), e.g. `webhook_authenticator`. */
  readonly name: string;
  /** Table name; the REST collection is the same with dashes. */
  readonly table: keyof Tables;
  readonly label: string;
  readonly labelPlural: string;
  readonly help: string;
  /** The field that addresses a record. Elsewhere it is always called its reference. Rows of logs have ids only. */
  readonly referenceField: "reference" | "login" | "id";
  /** Characters a reference may have; a given one that has others is cleaned, not refused. */
  readonly referencePattern: RegExp;
  readonly fields: Readonly<Record<string, Field>>;
  readonly unique: ReadonlyArray<{ readonly fields: readonly string[]; readonly message: string }>;
  readonly access: ModelAccess;
  /** How snippets and parents list the records; by id where that leaves it open. */
  readonly order: ReadonlyArray<{ readonly column: string; readonly descending: boolean }>;
  /** How a record that belongs to another is called when no reference is given. */
  readonly derivedReference?: DerivedReference;
  /** The tower keeps them in memory to answer calls: every change is told to all processes. */
  readonly configuration?: boolean;
  /** What deleting a record can begin where it does not end at once, in words for OpenAPI. */
  readonly deletedLater?: string;
  /** Anybody may point at the records, also who may not read them: logins are no secret. */
  readonly openToLinks?: boolean;
  /** Rules over more than one field or record. Runs inside the transaction; must not wait for more. */
  readonly check?: (change: RecordChange) => Promise<readonly FieldError[]> | readonly FieldError[];
}

/** The reference of a record that belongs to another: it changes when the other's does. */
export interface DerivedReference {
  /** The many2one fields that lead to what the reference is made of. */
  readonly parents: readonly string[];
  readonly make: (values: RecordValues) => string;
  /** Whether a number is always added; else only where the reference is taken. */
  readonly numbered: boolean;
}

type Defaulted = "referenceField" | "referencePattern" | "unique" | "order";
type ModelDefinition = Omit<Model, Defaulted> & Partial<Pick<Model, Defaulted>>;

/** Fills in what most models share. */
export function defineModel(definition: ModelDefinition): Model {
  return { referenceField: "reference", referencePattern: /^[a-z0-9_]+$/, unique: [], order: [], ...definition };
}

/** The field of this name; names that every object has (`constructor`) are no fields. */
export function findField(model: Model, name: string): Field | undefined {
  return Object.hasOwn(model.fields, name) ? model.fields[name] : undefined;
}

/** `webhook_authenticators` → `webhook-authenticators`. */
export function collectionPath(model: Model): string {
  return model.table.replaceAll("_", "-");
}

/** The models of a program, found by name. */
export class ModelRegistry {
  readonly all: readonly Model[];
  readonly #byName: ReadonlyMap<string, Model>;

  /** @throws Error when two models share a name or a relation points nowhere */
  constructor(models: readonly Model[]) {
    this.all = models;
    this.#byName = new Map(models.map((model) => [model.name, model]));
    if (this.#byName.size !== models.length) throw new Error("two models have the same name");
    for (const model of models) {
      for (const field of Object.values(model.fields))
        if ("relation" in field) this.get(field.relation, `${model.name}: unknown relation`);
    }
  }

  find(name: string): Model | undefined {
    return this.#byName.get(name);
  }

  get(name: string, problem = "unknown model"): Model {
    const model = this.#byName.get(name);
    if (!model) throw new Error(`${problem} ${name}`);
    return model;
  }

  /** Every many2one of every model. */
  relations(): Array<{ model: Model; name: string; field: Field & { kind: "many2one" } }> {
    return this.all.flatMap((model) =>
      Object.entries(model.fields).flatMap(([name, field]) =>
        field.kind === "many2one" ? [{ model, name, field }] : [],
      ),
    );
  }
}
