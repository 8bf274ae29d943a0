import { FULL_ACCESS } from "../records/access.ts";
import { code, flag, many2one, selection, text, textOf } from "../records/field.ts";
import { defineModel } from "../records/model.ts";

const ENDPOINT_PATTERN = /^[A-Za-z0-9](?:[A-Za-z0-9_/-]*[A-Za-z0-9])?$/;

export const webhookModel = defineModel({
  name: "webhook",
  table: "webhooks",
  label: "Webhook",
  labelPlural: "webhooks",
  help: "What happens when a call arrives at an endpoint.",
  fields: {
    name: text({ label: "Name", required: true }),
    active: flag({ label: "Enabled", help: "Off: answers 404.", required: true, default: true }),
    authenticator_id: many2one("webhook_authenticator", { label: "Authenticator", required: true }),
    endpoint: text({
      label: "Endpoint",
      help: "The part of the URL after /cetmix_tower_webhooks/.",
      required: true,
      pattern: ENDPOINT_PATTERN,
      message:
        "Endpoint must start and end with a letter or digit, and may contain underscores, dashes, and slashes in between",
      copy: (value, attempt) => `${textOf(value)}-copy${attempt > 1 ? `-${attempt}` : ""}`,
    }),
    method: selection({ label: "Method", options: { post: "POST", get: "GET" }, required: true, default: "post" }),
    content_type: selection({
      label: "Payload Type",
      options: { json: "JSON", form: "Form URL-Encoded" },
      required: true,
      default: "json",
    }),
    user_id: many2one("user", {
      label: "Run as User",
      help: "The code has this user's rights. Absent: whoever creates the webhook.",
      required: true,
      default: (actor) => actor.login,
      yaml: false,
    }),
    code: code({
      label: "Code",
      help: 'Python. Sets result = {"exit_code": int, "message": str}; sees headers and payload.',
      program: "webhook",
    }),
  },
  unique: [{ fields: ["endpoint", "method"], message: "Endpoint and method must be unique!" }],
  configuration: true,
  access: { root: FULL_ACCESS },
});
