import type { RecordValues } from "../records/model.ts";

/** Bodies that stand in the OpenAPI document, by model. A test sends each of them. */
export const EXAMPLES: Readonly<Record<string, { readonly create: RecordValues; readonly update: RecordValues }>> = {
  webhook_authenticator: {
    create: {
      name: "Deploy token",
      reference: "deploy_token",
      code: 'token = headers.get("X-Deploy-Token", "")\nresult = {"allowed": hmac.compare_digest(token, #!cxtower.secret.DEPLOY_TOKEN!#)}\n',
      allowed_ip_addresses: "192.0.2.0/24",
    },
    update: { allowed_ip_addresses: "192.0.2.0/24, 2001:db8::/32" },
  },
  webhook: {
    create: {
      name: "Deploy",
      reference: "deploy",
      authenticator_id: "deploy_token",
      endpoint: "deploy",
      method: "post",
      content_type: "json",
      code: 'result = {"exit_code": 0, "message": "Deploying " + payload.get("branch", "main")}\n',
    },
    update: { active: false },
  },
  key: {
    create: { name: "Deploy token", reference: "DEPLOY_TOKEN", key_type: "s", secret_value: "example-of-a-secret" },
    update: { secret_value: "another-example" },
  },
  user: {
    create: { login: "ada", name: "Ada", email: "ada@example.com", password: "eight or more", group: "manager" },
    update: { active: false },
  },
};
