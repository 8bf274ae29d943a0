import type { FieldError } from "../lib/errors.ts";
import { findInvalidEntry } from "../lib/ip-rules.ts";
import { FULL_ACCESS } from "../records/access.ts";
import { code, text, textOf } from "../records/field.ts";
import { defineModel, type RecordChange } from "../records/model.ts";

export const webhookAuthenticatorModel = defineModel({
  name: "webhook_authenticator",
  table: "webhook_authenticators",
  label: "Webhook authenticator",
  labelPlural: "webhook authenticators",
  help: "Decides whether a call may enter.",
  fields: {
    name: text({ label: "Name", required: true }),
    code: code({
      label: "Code",
      help: 'Python. Sets result = {"allowed": bool, "http_code": int, "message": str}; sees headers, payload and raw_data.',
      program: "authenticator",
    }),
    allowed_ip_addresses: text({
      label: "Allowed IP addresses",
      help: "Addresses and CIDRs, separated by commas. Empty: every address.",
      search: false,
    }),
    trusted_proxy_ips: text({
      label: "Trusted proxies",
      help: "Addresses and CIDRs of the proxies whose X-Forwarded-For is believed, separated by commas.",
      search: false,
    }),
  },
  configuration: true,
  access: { root: FULL_ACCESS },
  check: checkAddresses,
});

function checkAddresses({ after }: RecordChange): readonly FieldError[] {
  const wordings = {
    allowed_ip_addresses: "Invalid allowed IP/CIDR entry",
    trusted_proxy_ips: "Invalid trusted proxy entry",
  };
  return Object.entries(wordings).flatMap(([path, wording]) => {
    const entry = findInvalidEntry(textOf(after?.[path]));
    return entry === null ? [] : [{ path, message: `${wording}: ${entry}` }];
  });
}
