import { NO_RECORDS } from "./support.ts";
import { readFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { bindHostCalls } from "../../src/guest/host-calls.ts";
import { createNetworkCalls } from "../../src/guest/network-calls.ts";
import { openSandbox } from "../sandbox/support.ts";
import { normalise, startRecordingServer } from "./recording-server.ts";
import { REQUESTS_CASES } from "./requests-cases.ts";

/** What Python's own library did; `record-requests.ts` wrote it down. */
const { cases } = JSON.parse(readFileSync(new URL("fixtures/requests.json", import.meta.url), "utf8")) as {
  readonly cases: Readonly<Record<string, unknown>>;
};

const KINDS =
  "RequestException HTTPError ConnectionError ProxyError SSLError Timeout ConnectTimeout ReadTimeout TooManyRedirects " +
  "MissingSchema InvalidSchema InvalidURL InvalidHeader InvalidJSONError JSONDecodeError ChunkedEncodingError " +
  "ContentDecodingError";
const HELPERS = [
  `KINDS = ${JSON.stringify(KINDS.split(" "))}`,
  `CLASSES = {${KINDS.split(" ")
    .map((kind) => `'${kind}': requests.exceptions.${kind}`)
    .join(", ")}}`,
  "named = lambda kind: CLASSES[kind]",
].join("\n");

const { sandbox, read } = await openSandbox();
const network = createNetworkCalls({ egress: { allowPrivate: true, allow: [] }, maxResponseBytes: 1024 * 1024 });
const onHostCall = bindHostCalls(network.hostCalls, NO_RECORDS);
const server = await startRecordingServer();
afterAll(async () => {
  await sandbox.close(0);
  await network.close();
  await server[Symbol.asyncDispose]();
});

it("every case was recorded", () => {
  expect(Object.keys(cases).toSorted()).toEqual(REQUESTS_CASES.map(({ name }) => name).toSorted());
});

it.each(REQUESTS_CASES)("as Python's requests: $name", async ({ name, source }) => {
  server.takeSent();
  const url = { kind: "json", value: server.url } as const;
  const result = await read(`${HELPERS}\n${source}\nresult = {"message": result}`, { inputs: { url }, onHostCall });
  expect(normalise({ result, sent: server.takeSent() }, server.url)).toEqual(cases[name]);
});
