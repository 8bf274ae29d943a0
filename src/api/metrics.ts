import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import type { AuthenticationStatus, CodeStatus } from "../calls/call.ts";
import type { JobCount } from "../jobs/queue.ts";

/** One finished call, as it is counted. */
export interface CountedCall {
  /** Reference of the webhook; null for an unknown endpoint. */
  readonly webhook: string | null;
  readonly httpStatus: number;
  readonly authentication: AuthenticationStatus;
  readonly code: CodeStatus;
  readonly durationMs: number;
}

/** Where gauges read their values when somebody asks. */
export interface MetricSources {
  readonly callLogQueue: () => number;
  readonly jobs: () => Promise<readonly JobCount[]>;
  readonly sandbox: () => { readonly runners: number; readonly restarts: number };
}

export interface Metrics {
  callStarted(): void;
  /** @param call null: it came to no verdict (the sender hung up) */
  callFinished(call: CountedCall | null): void;
  /** Connects what is read on demand; called once, by the composition root. */
  watch(sources: MetricSources): void;
  readonly contentType: string;
  /** The exposition text. */
  render(): Promise<string>;
}

/**
 * Webhooks that have a label of their own. Beyond, calls are counted under `other`: every label
 * is memory here and a time series in Prometheus.
 */
const MAX_WEBHOOK_LABELS = 1000;
const DURATION_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** @param withProcess false leaves out the metrics of the process itself, which watch it all the time */
export function createMetrics({ withProcess = true }: { withProcess?: boolean } = {}): Metrics {
  const registry = new Registry();
  if (withProcess) collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const labels = new Set<string>();
  let sources: MetricSources | undefined;

  const calls = new Counter({
    name: "hooktower_calls_total",
    help: "Finished calls. Unknown endpoints have an empty webhook.",
    labelNames: ["webhook", "status", "authentication", "code"],
    registers,
  });
  const duration = new Histogram({
    name: "hooktower_call_duration_seconds",
    help: "Time from a call's arrival to its answer.",
    buckets: DURATION_BUCKETS_SECONDS,
    registers,
  });
  const inProgress = new Gauge({
    name: "hooktower_calls_in_progress",
    help: "Calls that wait for their answer.",
    registers,
  });
  new Gauge({
    name: "hooktower_call_log_queue",
    help: "Calls that wait to be written to the log.",
    registers,
    collect() {
      this.set(sources?.callLogQueue() ?? 0);
    },
  });
  new Gauge({
    name: "hooktower_jobs",
    help: "Jobs in the database that wait, that a process has, and that were given up.",
    labelNames: ["kind", "state"],
    registers,
    async collect() {
      // Without an answer of the database the others are the more wanted: this one is absent then.
      const counts = (await sources?.jobs().catch(() => [])) ?? [];
      // Kinds of which none is left.
      this.reset();
      for (const { kind, waiting, taken, failed } of counts) {
        this.set({ kind, state: "waiting" }, waiting);
        this.set({ kind, state: "taken" }, taken);
        this.set({ kind, state: "failed" }, failed);
      }
    },
  });
  new Gauge({
    name: "hooktower_runners",
    help: "Interpreters that are up.",
    registers,
    collect() {
      this.set(sources?.sandbox().runners ?? 0);
    },
  });
  new Counter({
    name: "hooktower_runner_restarts_total",
    help: "Interpreters that were replaced.",
    registers,
    collect() {
      // The sandbox keeps the count; this shows it.
      this.reset();
      this.inc(sources?.sandbox().restarts ?? 0);
    },
  });

  function labelOf(webhook: string | null): string {
    if (webhook === null) return "";
    if (labels.has(webhook)) return webhook;
    if (labels.size >= MAX_WEBHOOK_LABELS) return "other";
    labels.add(webhook);
    return webhook;
  }

  return {
    callStarted: () => inProgress.inc(),
    callFinished(call) {
      inProgress.dec();
      if (!call) return;
      const { webhook, httpStatus, authentication, code, durationMs } = call;
      calls.inc({ webhook: labelOf(webhook), status: String(httpStatus), authentication, code });
      duration.observe(durationMs / 1000);
    },
    watch(given) {
      sources = given;
    },
    contentType: registry.contentType,
    render: () => registry.metrics(),
  };
}
