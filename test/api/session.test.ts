import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SESSION_LIFETIME_MS } from "../../src/users/accounts.service.ts";
import { ADMIN_PASSWORD, BASE_URL, startApi, type ApiFixture } from "./support.ts";

const SAME_ORIGIN = { "sec-fetch-site": "same-origin" };

describe("sessions", () => {
  let api: ApiFixture;
  beforeEach(async () => {
    api = await startApi();
  });
  afterEach(async () => api[Symbol.asyncDispose]());

  const signIn = (login: string, password: string, headers = {}) =>
    api.request(null, "POST", "/api/v1/session", { login, password }, headers);

  async function signInAsAdmin(): Promise<{ cookie: string }> {
    const answer = await signIn("admin", ADMIN_PASSWORD);
    return { cookie: String(answer.headers["set-cookie"]).split(";")[0] ?? "" };
  }

  it("signs in with a cookie that scripts and other sites cannot use", async () => {
    const answer = await signIn("admin", ADMIN_PASSWORD);
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ login: "admin", name: "Administrator", group: "root" });
    const cookie = String(answer.headers["set-cookie"]);
    expect(cookie).toMatch(/^hooktower_session=[\w-]{43};/);
    for (const attribute of ["HttpOnly", "SameSite=Lax", "Path=/", "Secure", "Max-Age=1209600"]) {
      expect(cookie).toContain(attribute);
    }
  });

  it("says who is signed in, by cookie and by token", async () => {
    const cookie = await signInAsAdmin();
    const byCookie = await api.request(null, "GET", "/api/v1/session", undefined, cookie);
    const byToken = await api.request("root", "GET", "/api/v1/session");
    expect(byCookie.json()).toEqual({ login: "admin", name: "Administrator", group: "root" });
    expect(byToken.json()).toEqual(byCookie.json());
  });

  it("stores only hashes of sessions and tokens", async () => {
    const { cookie } = await signInAsAdmin();
    const stored = JSON.stringify([
      await api.db.main.selectFrom("sessions").selectAll().execute(),
      await api.db.main.selectFrom("api_tokens").selectAll().execute(),
    ]);
    expect(stored).not.toContain(cookie.split("=")[1]);
    expect(stored).not.toContain(api.tokens["root"]);
  });

  it("signs out", async () => {
    const cookie = await signInAsAdmin();
    const answer = await api.request(null, "DELETE", "/api/v1/session", undefined, { ...cookie, ...SAME_ORIGIN });
    expect(answer.statusCode).toBe(204);
    expect(String(answer.headers["set-cookie"])).toMatch(/^hooktower_session=;.*Expires=Thu, 01 Jan 1970/);
    expect((await api.request(null, "GET", "/api/v1/session", undefined, cookie)).statusCode).toBe(401);
  });

  it("ends after 14 days", async () => {
    const cookie = await signInAsAdmin();
    api.time.now += SESSION_LIFETIME_MS - 1;
    expect((await api.request(null, "GET", "/api/v1/session", undefined, cookie)).statusCode).toBe(200);
    api.time.now += 1;
    expect((await api.request(null, "GET", "/api/v1/session", undefined, cookie)).statusCode).toBe(401);
  });

  it("answers the same to a wrong password, an unknown login and an inactive user", async () => {
    await api.addUser("manager");
    await api.request("root", "PATCH", "/api/v1/users/manager", { active: false });
    const answers = [
      await signIn("admin", "wrong"),
      await signIn("nobody", "wrong"),
      await signIn("manager", "manager-password"),
    ];
    for (const answer of answers) {
      expect(answer.statusCode).toBe(401);
      expect(answer.headers["set-cookie"]).toBeUndefined();
      expect(answer.body).toBe(answers[0]?.body);
    }
  });

  it.each<[Record<string, string>, string]>([
    [{}, "no proof at all"],
    [{ "sec-fetch-site": "cross-site", origin: "https://evil.example" }, "another site"],
    [{ "sec-fetch-site": "same-site" }, "another host of the domain"],
    [{ origin: "https://evil.example" }, "another origin"],
    [{ origin: "null" }, "an opaque origin"],
    [{ ...SAME_ORIGIN, "content-type": "text/plain" }, "a body that any form can send"],
  ])("refuses a change by cookie from %j: %s", async (headers) => {
    const cookie = await signInAsAdmin();
    const answer = await api.request(null, "POST", "/api/v1/keys", JSON.stringify({ name: "Forged" }), {
      "content-type": "application/json",
      ...cookie,
      ...headers,
    });
    expect(answer.statusCode).toBe(403);
    expect((await api.request("root", "GET", "/api/v1/keys")).json()).toMatchObject({ items: [] });
  });

  it.each([[SAME_ORIGIN], [{ origin: BASE_URL }], [{ origin: "http://10.0.0.5:8420", host: "10.0.0.5:8420" }]])(
    "takes a change by cookie from %j",
    async (headers) => {
      const cookie = await signInAsAdmin();
      const answer = await api.request(null, "POST", "/api/v1/keys", { name: "Own" }, { ...cookie, ...headers });
      expect(answer.statusCode).toBe(201);
    },
  );

  it("lets no other site sign a browser in", async () => {
    expect((await signIn("admin", ADMIN_PASSWORD, { "sec-fetch-site": "cross-site" })).statusCode).toBe(403);
  });

  it.each(["Bearer htk_wrong", "Bearer", "Basic YWRtaW46YWRtaW4=", ""])(
    "answers 401 to Authorization: %s, whatever the cookie",
    async (authorization) => {
      const cookie = await signInAsAdmin();
      const answer = await api.request(null, "GET", "/api/v1/session", undefined, { ...cookie, authorization });
      expect(answer.statusCode).toBe(401);
      expect(answer.headers["www-authenticate"]).toBe("Bearer");
    },
  );

  it("slows guessing down per login, and a success clears it", async () => {
    for (let attempt = 0; attempt < 9; attempt += 1) await signIn("admin", "wrong");
    expect((await signIn("admin", ADMIN_PASSWORD)).statusCode).toBe(200);
    for (let attempt = 0; attempt < 10; attempt += 1) expect((await signIn("admin", "wrong")).statusCode).toBe(401);
    const refused = await signIn("admin", ADMIN_PASSWORD);
    expect(refused.statusCode).toBe(429);
    expect(Number(refused.headers["retry-after"])).toBe(900);
    expect((await signIn("other", "wrong")).statusCode).toBe(401);
    api.time.now += 15 * 60 * 1000;
    expect((await signIn("admin", ADMIN_PASSWORD)).statusCode).toBe(200);
  });

  it("ends the sessions and tokens of a user that is switched off, and the sessions after a new password", async () => {
    await api.addUser("manager");
    const answer = await signIn("manager", "manager-password");
    const cookie = { cookie: String(answer.headers["set-cookie"]).split(";")[0] ?? "" };
    const who = () => api.request(null, "GET", "/api/v1/session", undefined, cookie);
    const update = (values: object) => api.request("root", "PATCH", "/api/v1/users/manager", values);

    await update({ active: false });
    expect((await who()).statusCode).toBe(401);
    expect((await api.request("manager", "GET", "/api/v1/session")).statusCode).toBe(401);
    await update({ active: true });
    expect((await who()).statusCode).toBe(401);
    expect((await api.request("manager", "GET", "/api/v1/session")).statusCode).toBe(200);

    const again = await signIn("manager", "manager-password");
    cookie.cookie = String(again.headers["set-cookie"]).split(";")[0] ?? "";
    expect((await who()).statusCode).toBe(200);
    await update({ password: "another-password" });
    expect((await who()).statusCode).toBe(401);
    expect((await signIn("manager", "another-password")).statusCode).toBe(200);
  });

  it("gives a changed group at the next request", async () => {
    await api.addUser("manager");
    expect((await api.request("manager", "GET", "/api/v1/webhooks")).statusCode).toBe(403);
    await api.request("root", "PATCH", "/api/v1/users/manager", { group: "root" });
    expect((await api.request("manager", "GET", "/api/v1/webhooks")).statusCode).toBe(200);
  });
});
