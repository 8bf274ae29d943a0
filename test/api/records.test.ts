import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXAMPLES } from "../../src/api/record-examples.ts";
import { recordSchemas } from "../../src/api/record-schemas.ts";
import { collectionPath } from "../../src/records/model.ts";
import { startApi, type ApiFixture } from "./support.ts";

describe("records over REST", () => {
  let api: ApiFixture;

  beforeAll(async () => {
    api = await startApi();
    await api.request("root", "POST", "/api/v1/webhook-authenticators", { name: "Open", reference: "open" });
  });
  afterAll(async () => api[Symbol.asyncDispose]());

  const makeWebhook = (values: object) =>
    api.request("root", "POST", "/api/v1/webhooks", { name: "Hook", authenticator_id: "open", ...values });

  it("keeps every example of the OpenAPI document true", async () => {
    for (const name of ["key", "webhook_authenticator", "webhook", "user"]) {
      const model = api.models.get(name);
      const example = EXAMPLES[name];
      const path = `/api/v1/${collectionPath(model)}`;
      const made = await api.request("root", "POST", path, example?.create);
      expect(made.statusCode, made.body).toBe(201);
      const changed = await api.request("root", "PATCH", String(made.headers.location), example?.update);
      expect(changed.statusCode, changed.body).toBe(200);
      const schemas = recordSchemas(model);
      expect(schemas.view.parse(changed.json())).toEqual(changed.json());
      const page = await api.request("root", "GET", path);
      expect(schemas.page.parse(page.json())).toEqual(page.json());
    }
  });

  it("creates, reads, changes, copies and deletes by reference", async () => {
    const made = await makeWebhook({ name: "Git Push", endpoint: "git/push" });
    expect(made.statusCode).toBe(201);
    expect(made.headers.location).toBe("/api/v1/webhooks/git_push");
    expect(made.json()).toMatchObject({ reference: "git_push", active: true, method: "post", user_id: "admin" });

    const read = await api.request("root", "GET", "/api/v1/webhooks/git_push");
    expect(read.json()).toEqual(made.json());

    const changed = await api.request("root", "PATCH", "/api/v1/webhooks/git_push", { active: false });
    expect(changed.json()).toMatchObject({ active: false, name: "Git Push" });

    const copied = await api.request("root", "POST", "/api/v1/webhooks/git_push/copy");
    expect(copied.statusCode).toBe(201);
    expect(copied.json()).toMatchObject({ reference: "git_push_copy", endpoint: "git/push-copy" });
    const chosen = await api.request("root", "POST", "/api/v1/webhooks/git_push/copy", {
      endpoint: "other",
      name: "Other",
    });
    expect(chosen.json()).toMatchObject({ reference: "other", endpoint: "other" });

    const deleted = await api.request("root", "DELETE", "/api/v1/webhooks/git_push");
    expect([deleted.statusCode, deleted.body]).toEqual([204, ""]);
    const gone = await api.request("root", "GET", "/api/v1/webhooks/git_push");
    expect(gone.statusCode).toBe(404);
    expect(gone.json()).toMatchObject({ type: "urn:hooktower:error:not_found", status: 404 });
  });

  it("names every bad field of a body at once", async () => {
    const answer = await api.request("root", "POST", "/api/v1/webhooks", { nam: "x", endpoint: "-", active: "yes" });
    expect(answer.statusCode).toBe(422);
    expect(answer.headers["content-type"]).toBe("application/problem+json");
    const paths = answer.json<{ errors: Array<{ path: string }> }>().errors.map((error) => error.path);
    expect(paths.toSorted()).toEqual(["active", "authenticator_id", "endpoint", "nam", "name"]);
  });

  it.each(["toString", "constructor", "hasOwnProperty"])(
    "takes a field %s for unknown, not for a bug",
    async (name) => {
      const answer = await makeWebhook({ endpoint: "proto", [name]: 1 });
      expect(answer.statusCode, answer.body).toBe(422);
    },
  );

  it.each([[["a list"]], ["text"], [1]])("refuses a body that is %j", async (body) => {
    const answer = await api.request("root", "POST", "/api/v1/webhooks", JSON.stringify(body), {
      "content-type": "application/json",
    });
    expect(answer.statusCode, answer.body).toBe(422);
  });

  it("refuses a relation that points nowhere", async () => {
    const answer = await makeWebhook({ endpoint: "nowhere", authenticator_id: "missing" });
    expect(answer.json()).toMatchObject({ status: 422, errors: [{ path: "authenticator_id" }] });
  });

  it("answers 409 to a reference or endpoint that is taken", async () => {
    await makeWebhook({ endpoint: "taken", reference: "taken" });
    expect((await makeWebhook({ endpoint: "free", reference: "taken" })).statusCode).toBe(409);
    const endpoint = await makeWebhook({ endpoint: "taken" });
    expect(endpoint.json()).toMatchObject({ status: 409, errors: [{ path: "endpoint" }] });
  });

  it("takes code only when it compiles", async () => {
    const answer = await makeWebhook({ endpoint: "code", code: "syntax error" });
    expect(answer.json()).toMatchObject({ status: 422, errors: [{ path: "code", message: "line 1: invalid syntax" }] });
  });

  it("pages with a cursor and filters by fields", async () => {
    for (const number of [1, 2, 3, 4, 5]) {
      await api.request("root", "POST", "/api/v1/keys", { name: `Page ${number}`, key_type: number > 3 ? "k" : "s" });
    }
    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const page = await api.request("root", "GET", `/api/v1/keys?search=PAGE&limit=2${cursor && `&cursor=${cursor}`}`);
      const { items, next_cursor } = page.json<{ items: Array<{ name: string }>; next_cursor: string | null }>();
      expect(items.length).toBeLessThanOrEqual(2);
      seen.push(...items.map((item) => item.name));
      cursor = next_cursor;
    }
    expect(seen).toEqual(["Page 1", "Page 2", "Page 3", "Page 4", "Page 5"]);

    const filtered = await api.request("root", "GET", "/api/v1/keys?search=page&key_type=k");
    expect(filtered.json<{ items: unknown[] }>().items).toHaveLength(2);
    const empty = await api.request("root", "GET", "/api/v1/webhook-authenticators?allowed_ip_addresses=");
    expect(empty.json()).toMatchObject({ items: [{ reference: "open" }] });
    const none = await api.request("root", "GET", "/api/v1/webhooks?authenticator_id=missing");
    expect(none.json()).toEqual({ items: [], next_cursor: null });
  });

  it("reads flags of a filter as flags", async () => {
    await makeWebhook({ name: "On", endpoint: "on" });
    await makeWebhook({ name: "Off", endpoint: "off", active: false });
    const on = await api.request("root", "GET", "/api/v1/webhooks?active=true&endpoint=off");
    const off = await api.request("root", "GET", "/api/v1/webhooks?active=false&endpoint=off");
    expect(on.json<{ items: unknown[] }>().items).toHaveLength(0);
    expect(off.json<{ items: unknown[] }>().items).toHaveLength(1);
  });

  it.each([
    "limit=0",
    "limit=x",
    "cursor=x",
    "active=maybe",
    "colour=red",
    "code=x",
    "name=a&name=b",
    "name=%00",
    "method=put",
  ])("answers 422 to a list with %s", async (query) => {
    const answer = await api.request("root", "GET", `/api/v1/webhooks?${query}`);
    expect(answer.statusCode, answer.body).toBe(422);
    expect(answer.json<{ errors: Array<{ path: string }> }>().errors[0]?.path).toBe(query.split("=")[0]);
  });

  it("never answers secrets and passwords", async () => {
    const key = await api.request("root", "POST", "/api/v1/keys", { name: "Hidden", secret_value: "s3cret-value" });
    expect(key.json()).toMatchObject({ has_secret_value: true });
    await api.request("root", "POST", "/api/v1/users", {
      login: "eve@example.com",
      name: "Eve",
      password: "pass-of-eve",
    });
    for (const path of ["/keys/hidden", "/keys", "/users/eve%40example.com", "/users"]) {
      const { body } = await api.request("root", "GET", `/api/v1${path}`);
      expect(body).not.toMatch(/s3cret-value|pass-of-eve|scrypt|"password"|"secret_value"/);
    }
  });

  it("finds a record by a reference of 400 characters", async () => {
    const reference = "r".repeat(400);
    await api.request("root", "POST", "/api/v1/keys", { name: "Long", reference });
    expect((await api.request("root", "GET", `/api/v1/keys/${reference}`)).statusCode).toBe(200);
  });
});
