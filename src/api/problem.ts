import { STATUS_CODES } from "../lib/node-http.ts";
import { z } from "zod";
import { ERROR_CODES, type ErrorCode, type FieldError } from "../lib/errors.ts";

export const PROBLEM_MEDIA_TYPE = "application/problem+json";

/** RFC 9457. */
export interface Problem {
  readonly type: `urn:hooktower:error:${ErrorCode | "internal"}`;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
}

export function makeProblem(code: ErrorCode, detail: string, errors: readonly FieldError[] = []): Problem {
  const { status, title } = ERROR_CODES[code];
  return { type: `urn:hooktower:error:${code}`, title, status, detail, ...(errors.length > 0 && { errors }) };
}

/** What is answered for a bug: nothing but a number to look for in the process's log. */
export function makeInternalProblem(errorId: string): Problem {
  return {
    type: "urn:hooktower:error:internal",
    title: "Internal error",
    status: 500,
    detail: `Something went wrong here. The server's log has it under ${errorId}.`,
  };
}

const problemSchema = z
  .object({
    type: z.string().meta({ description: "Names the kind of error: urn:hooktower:error:<code>" }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: "What is wrong, for people" }),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: "One entry per bad field; the path is dotted, and empty for the whole" }),
  })
  .meta({
    id: "Problem",
    title: "Problem",
    description: "An error, as RFC 9457 has it",
    examples: [
      {
        type: "urn:hooktower:error:invalid",
        title: ERROR_CODES.invalid.title,
        status: 422,
        detail: "name: is required",
        errors: [{ path: "name", message: "is required" }],
      },
    ],
  });

/** What may be wrong with any JSON body. */
export const BODY_PROBLEMS = ["malformed", "too_large", "unsupported_media_type", "invalid"] as const;

/** Responses of a route that are problems, for its OpenAPI. Any route may answer 500. */
export function problemResponses(...codes: readonly ErrorCode[]): Record<number, unknown> {
  const described = codes.map((code) => [ERROR_CODES[code].status, describeProblem(ERROR_CODES[code].title)]);
  return Object.fromEntries([...described, [500, describeProblem(STATUS_CODES[500] ?? "Internal error")]]);
}

function describeProblem(description: string) {
  return { description, content: { [PROBLEM_MEDIA_TYPE]: { schema: problemSchema } } };
}
