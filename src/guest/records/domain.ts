import type { Condition, Operator, Scalar } from "../../records/condition.ts";
import { OPERATORS } from "../../records/condition.ts";
import { GuestError, type Json } from "../../sandbox/sandbox.ts";

const MAX_TERMS = 1000;

/**
 * A search domain, as Odoo has it: a list of `[field, operator, value]` that must all hold, with `"&"`,
 * `"|"` (before two terms) and `"!"` (before one) in front of those that are joined otherwise.
 *
 * @throws GuestError `ValueError` in words for whoever wrote it
 */
export function parseDomain(domain: Json): Condition {
  if (!Array.isArray(domain)) throw new GuestError("ValueError", "a domain is a list");
  if (domain.length > MAX_TERMS) throw new GuestError("ValueError", `a domain has at most ${MAX_TERMS} terms`);
  const stack: Condition[] = [];
  for (const term of domain.toReversed()) {
    if (term === "!") stack.push({ not: take(stack, "!") });
    else if (term === "&") stack.push({ all: [take(stack, "&"), take(stack, "&")] });
    else if (term === "|") stack.push({ any: [take(stack, "|"), take(stack, "|")] });
    else stack.push(parseTerm(term));
  }
  return { all: stack };
}

function take(stack: Condition[], operator: string): Condition {
  const condition = stack.pop();
  if (condition === undefined) throw new GuestError("ValueError", `the domain has nothing for ${operator} to join`);
  return condition;
}

function parseTerm(term: Json): Condition {
  if (typeof term === "boolean") return term;
  const [path, operator, value] = Array.isArray(term) ? term : [];
  if (!Array.isArray(term) || term.length !== 3 || typeof operator !== "string" || value === undefined)
    throw new GuestError(
      "ValueError",
      `${JSON.stringify(term)} is no term of a domain: it takes a field, an operator and a value`,
    );
  if (path === 1 && operator === "=" && value === 1) return true;
  if (path === 0 && operator === "=" && value === 1) return false;
  if (typeof path !== "string") throw new GuestError("ValueError", `${JSON.stringify(path)} is no field`);
  const known = operator === "<>" ? "!=" : operator === "==" ? "=" : operator;
  if (!OPERATORS.includes(known)) throw new GuestError("ValueError", `${operator} is no operator of a domain`);
  return { path: path.replace(/\.id$/, ""), operator: known as Operator, value: parseValue(value) };
}

function parseValue(value: Json): Scalar | readonly Scalar[] {
  if (Array.isArray(value)) return value.map((item) => parseScalar(item));
  if (typeof value === "object" && value !== null) {
    const records = value["$records"];
    if (Array.isArray(records) && Array.isArray(records[1])) return records[1].map((id) => parseScalar(id));
  }
  return parseScalar(value);
}

function parseScalar(value: Json): Scalar {
  if (typeof value !== "object" || value === null) return value;
  if (!Array.isArray(value) && typeof value["$datetime"] === "string") return value["$datetime"];
  throw new GuestError("ValueError", `a field cannot be compared with ${JSON.stringify(value)}`);
}
