import type { CallRecord } from "../../src/calls/call.ts";
import { firstIdAt } from "../../src/calls/retention.store.ts";

let made = 0;

/** The record of a call that arrived at a time; ids sort by time, and in the order of making. */
export function makeCall(more: Partial<CallRecord> = {}): CallRecord {
  const createDate = more.createDate ?? Date.parse("2026-11-24T12:00:00Z");
  made += 1;
  return {
    id: `${firstIdAt(createDate).slice(0, 14)}7000-8000-${made.toString(16).padStart(12, "0")}`,
    createDate,
    webhookId: null,
    authenticatorId: null,
    endpoint: "push",
    requestMethod: "post",
    requestHeaders: { Host: "tower.example.com", "Content-Type": "application/json" },
    requestQuery: "",
    payloadSource: "json",
    rawBody: Buffer.from("{}"),
    ipAddress: "192.0.2.1",
    authenticationStatus: "success",
    codeStatus: "success",
    httpStatus: 200,
    resultMessage: "OK",
    errorMessage: null,
    errorTraceback: null,
    codeLog: [],
    userId: null,
    durationMs: 1.5,
    attempt: 1,
    replayOf: null,
    test: false,
    ...more,
  };
}
