import { expect, it } from "vitest";
import { chooseVariableValues } from "../../../src/tower/servers/configuration-variables.ts";

const value = (variable: string, text: string, required = false) => ({
  variable,
  required,
  fields: { value_char: text, sequence: 3 },
});
const PLAIN = [value("a", "1"), value("b", "2")];
const REQUIRED = [value("a", "1", true), value("b", "2", true), value("c", "3")];

it.each([
  ["all of the template's", PLAIN, {}, { a: "1", b: "2" }],
  ["given ones over them", PLAIN, { configurationVariables: { b: "x" } }, { a: "1", b: "x" }],
  ["an empty one over them", PLAIN, { configurationVariables: { b: null } }, { a: "1", b: null }],
  ["others too", PLAIN, { configurationVariables: { z: "9" } }, { a: "1", b: "2", z: "9" }],
  ["given ones only", PLAIN, { configurationVariables: { b: "x" }, pickAllTemplateVariables: false }, { b: "x" }],
  ["the template's own for what it requires", REQUIRED, { pickAllTemplateVariables: true }, { a: "1", b: "2", c: "3" }],
  ["all that is required", REQUIRED, { configurationVariables: { a: "x", b: "y" } }, { a: "x", b: "y", c: "3" }],
])("a new server gets %s", (_, template, request, expected) => {
  const chosen = chooseVariableValues(template, request);
  expect(Object.fromEntries(chosen.map(({ variable, fields }) => [variable, fields["value_char"]]))).toEqual(expected);
});

const INTRODUCTION = "Please resolve the following issues with configuration variables:";

it.each([
  [{}, "Missing variables: a, b"],
  [{ configurationVariables: { c: "x" }, pickAllTemplateVariables: true }, "Missing variables: a, b"],
  [{ configurationVariables: { a: "x", b: "" } }, "Empty values for variables: b"],
  [{ configurationVariables: { b: null } }, "Missing variables: a\nEmpty values for variables: b"],
])("what the template requires must be given: %j", (request, lines) => {
  expect(() => chooseVariableValues(REQUIRED, request)).toThrow(`${INTRODUCTION}\n${lines}`);
});

it("keeps the other fields of a value", () => {
  const [first] = chooseVariableValues([value("a", "1")], { configurationVariables: { a: "x" } });
  expect(first).toEqual({ variable: "a", fields: { value_char: "x", sequence: 3 } });
});
