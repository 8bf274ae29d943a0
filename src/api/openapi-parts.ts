import { z } from "zod";

/** Security of every route that wants somebody signed in: either of the two will do. */
export const SIGNED_IN: ReadonlyArray<{ [scheme: string]: readonly string[] }> = [{ token: [] }, { session: [] }];

/** For a route whose body may be left out: `openapi.ts` reads it, since schemas alone cannot say that. */
export const BODY_OPTIONAL = { "x-body-optional": true } as const;

/** A 200 with JSON, for a route's OpenAPI. */
export function ok<T extends z.ZodType>(description: string, schema: T) {
  return { 200: { description, content: { "application/json": { schema } } } };
}

export function created<T extends z.ZodType>(description: string, schema: T) {
  return { 201: { description, content: { "application/json": { schema } } } };
}

export function noContent(description: string) {
  return { 204: z.undefined().describe(description) };
}

/** A 202 without a body. */
export function accepted(description: string) {
  return { 202: z.undefined().describe(description) };
}

/** Text without NUL, which no database column takes. */
export const queryText = z.string().refine((text) => !text.includes("\0"), "must not have a NUL character");

/** Values of a query string are text: these read them as what they mean, and stay typed in OpenAPI. */
export const queryFlag = z.preprocess(
  (text) => (text === "true" || text === "1" ? true : text === "false" || text === "0" ? false : text),
  z.boolean("must be true or false"),
);

export function queryInteger(minimum: number, maximum: number) {
  const message = `must be a whole number from ${minimum} to ${maximum}`;
  return z.preprocess(
    (text) => (typeof text === "string" && /^-?\d{1,15}$/.test(text) ? Number(text) : text),
    z.int(message).min(minimum, message).max(maximum, message),
  );
}

/** The part of every list's query that pages and searches. */
export const pageQuery = {
  limit: queryInteger(1, 500).optional().meta({ description: "At most this many, 1 to 500; 50 when absent" }),
  cursor: queryText.optional().meta({ description: "next_cursor of the page before" }),
  search: queryText.optional().meta({ description: "Text to find, whatever the case" }),
};

export function pageSchema<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    next_cursor: z.string().nullable().meta({ description: "Null on the last page" }),
  });
}
