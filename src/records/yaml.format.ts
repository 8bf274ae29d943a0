import { HooktowerError } from "../lib/errors.ts";
import type { Model } from "./model.ts";

/**
 * What the files of Cetmix Tower look like. Terms:
 * - record: a mapping; at the top level it names its model (`cetmix_tower_model`) and its reference.
 * - link: the value of a key that ends in `_id`: a reference, a record nested in place, or `false`.
 * - unset: `false`, as the original writes it, `null`, `~` or nothing at all.
 */
export const VERSION_KEY = "cetmix_tower_yaml_version";
export const MODEL_KEY = "cetmix_tower_model";
export const TOP_LEVEL_KEYS: readonly string[] = [VERSION_KEY, "manifest", "records"];
export const SUPPORTED_VERSION = 1;

export const IMPORT_MODES = ["skip", "update", "create"] as const;
/** What happens to a record that exists: it is left alone, written, or joined by a second one. */
export type ImportMode = (typeof IMPORT_MODES)[number];

export const ACCESS_LEVELS: readonly string[] = ["user", "manager", "root"];

/** Lists that the original computes from the code: accepted, and computed again here. */
export const DERIVED_LISTS: Readonly<Record<string, string>> = { secret_ids: "key", variable_ids: "variable" };

/** Nested records that mode `create` links when they exist; it makes a second one of all others. */
const SHARED_MODELS = new Set(["variable", "variable_option", "tag", "os", "key"]);

export function isSharedModel(model: Model): boolean {
  return SHARED_MODELS.has(model.name);
}

/** Whether the model takes part in files at all. */
export function isInFormat(model: Model): boolean {
  return Object.values(model.fields).some((field) => field.yaml);
}

/** What an import did. Records are named `webhook github_push`. */
export interface ImportReport {
  readonly created: string[];
  readonly updated: string[];
  /** Existed already, and the mode was `skip`. */
  readonly skipped: string[];
  /** Keys that were dropped: `webhook github_push: color`. */
  readonly ignored: string[];
  /** What somebody still has to do or know. */
  readonly warnings: string[];
}

/** A file that cannot be read: the original's words, and beside them what is wrong and where. */
export function unreadable(message: string, detail?: string): HooktowerError {
  return new HooktowerError(
    "malformed",
    message,
    detail === undefined ? {} : { errors: [{ path: "", message: detail }] },
  );
}

/** A file that can be read and cannot be used. */
export function unusable(message: string, path = ""): HooktowerError {
  return new HooktowerError("invalid", message, { errors: [{ path, message }] });
}
