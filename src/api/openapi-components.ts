/** The parts of an OpenAPI document that are worked on here. */
export interface OpenApiDocument {
  openapi: string;
  paths: Record<string, Record<string, OpenApiOperation>>;
  components: { schemas: Record<string, unknown>; [kind: string]: unknown };
  [key: string]: unknown;
}

export interface OpenApiOperation {
  operationId?: string;
  summary?: string;
  tags?: readonly string[];
  security?: ReadonlyArray<Record<string, readonly string[]>>;
  requestBody?: { required?: boolean; content: Record<string, { schema: unknown }> };
  responses: Record<string, unknown>;
  parameters?: ReadonlyArray<{ name: string; in: string; required?: boolean; description?: string; schema?: unknown }>;
  [key: string]: unknown;
}

const PREFIX = "#/components/schemas/";
const INPUT_SUFFIX = "Input";

/**
 * Every named schema arrives twice, as it is sent (`…Input`) and as it is answered. Keeps what is
 * used, and drops the suffix where only one of the two is: that makes the names of generated clients.
 */
export function tidyComponents(document: OpenApiDocument): OpenApiDocument {
  const { schemas } = document.components;
  const used = findUsed(document.paths, schemas);
  const nameOf = (name: string): string => {
    const short = name.slice(0, -INPUT_SUFFIX.length);
    return name.endsWith(INPUT_SUFFIX) && short in schemas && !used.has(short) ? short : name;
  };
  const kept = [...used].toSorted().map((name) => [nameOf(name), schemas[name]]);
  const tidy = { ...document, components: { ...document.components, schemas: Object.fromEntries(kept) } };
  return mapReferences(tidy, (reference) => PREFIX + nameOf(reference.slice(PREFIX.length))) as OpenApiDocument;
}

/** Names of the schemas that the paths need, also through other schemas. */
function findUsed(paths: unknown, schemas: Readonly<Record<string, unknown>>): Set<string> {
  const used = new Set<string>();
  const open = [paths];
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    mapReferences(part, (reference) => {
      const name = reference.slice(PREFIX.length);
      if (!used.has(name) && name in schemas) {
        used.add(name);
        open.push(schemas[name]);
      }
      return reference;
    });
  }
  return used;
}

/** A copy in which every reference to a named schema is replaced. */
function mapReferences(value: unknown, replace: (reference: string) => string): unknown {
  if (Array.isArray(value)) return value.map((entry) => mapReferences(entry, replace));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [
      key,
      key === "$ref" && typeof entry === "string" && entry.startsWith(PREFIX)
        ? replace(entry)
        : mapReferences(entry, replace),
    ]),
  );
}
