import { expect, it } from "vitest";
import { describeEachDatabase } from "../support/databases.ts";
import { openRecords } from "./support.ts";

/** Rules of references, names and copies. */
describeEachDatabase(({ openFreshDatabase }) => {
  const open = () => openRecords(openFreshDatabase);

  it("a reference that is given and taken is a conflict, a generated one gets a number", async () => {
    await using at = await open();
    expect(await at.create("key", { name: "One", reference: "same" })).toMatchObject({ reference: "same" });
    await expect(at.create("key", { name: "Two", reference: "same" })).rejects.toMatchObject({
      code: "conflict",
      errors: [{ path: "reference", message: expect.stringContaining("same") }],
    });
    expect(await at.create("key", { name: "Same" })).toMatchObject({ reference: "Same" });
    const made = [];
    for (let count = 0; count < 3; count += 1)
      made.push((await at.create("webhook_authenticator", { name: "My Auth" }))["reference"]);
    expect(made).toEqual(["my_auth", "my_auth_2", "my_auth_3"]);
  });

  it("the same reference in two models is no conflict", async () => {
    await using at = await open();
    await at.create("key", { name: "x", reference: "both" });
    expect(await at.create("webhook_authenticator", { name: "x", reference: "both" })).toMatchObject({
      reference: "both",
    });
  });

  it.each([
    ["  Two  Words ", "two_words"],
    ["GitHub: push!", "github_push"],
    ["already_fine_1", "already_fine_1"],
    ["Über größe", "ber_gre"],
    ["日本語", "webhook_authenticator"],
    ["---", "webhook_authenticator"],
    ["a-b.c/d", "abcd"],
  ])("the name %j makes the reference %j", async (name, reference) => {
    await using at = await open();
    expect(await at.create("webhook_authenticator", { name })).toMatchObject({
      name: name.trim() === name ? name : expect.any(String),
      reference,
    });
  });

  it("a given reference is cleaned in the same way, and then taken or not", async () => {
    await using at = await open();
    expect(await at.create("webhook_authenticator", { name: "a", reference: "My Ref!" })).toMatchObject({
      reference: "my_ref",
    });
    await expect(at.create("webhook_authenticator", { name: "b", reference: "MY REF" })).rejects.toMatchObject({
      code: "conflict",
    });
  });

  it("a key keeps its capitals: code names it case-sensitively", async () => {
    await using at = await open();
    expect(await at.create("key", { name: "x", reference: "API_Key" })).toMatchObject({ reference: "API_Key" });
    expect(await at.create("key", { name: "x", reference: "API_KEY" })).toMatchObject({ reference: "API_KEY" });
  });

  it("an empty reference at a change makes a new one from the name, the same one changes nothing", async () => {
    await using at = await open();
    await at.create("webhook_authenticator", { name: "Old", reference: "given" });
    expect(await at.update("webhook_authenticator", "given", { reference: "given", name: "New Name" })).toMatchObject({
      reference: "given",
    });
    expect(await at.update("webhook_authenticator", "given", { reference: null })).toMatchObject({
      reference: "new_name",
    });
    await at.create("webhook_authenticator", { name: "x", reference: "other" });
    await expect(at.update("webhook_authenticator", "other", { reference: "new_name" })).rejects.toMatchObject({
      code: "conflict",
    });
  });

  it("two at once that want the same reference do not both get it", async () => {
    await using at = await open();
    const made = await Promise.all(
      Array.from({ length: 5 }, () =>
        at.create("webhook_authenticator", { name: "Race" }).catch((error: unknown) => error),
      ),
    );
    const references = made.flatMap((record) =>
      record instanceof Error ? [] : [(record as { reference: string }).reference],
    );
    expect(new Set(references).size).toBe(references.length);
    for (const record of made) if (record instanceof Error) expect(record).toMatchObject({ code: "conflict" });
    expect(references.length).toBeGreaterThan(0);
  });

  it("copies are called X (copy), X (copy 2) …, with references from those names", async () => {
    await using at = await open();
    await at.create("webhook_authenticator", { name: "Auth", reference: "auth", code: "x = 1" });
    const copies = [];
    for (let count = 0; count < 3; count += 1) copies.push(await at.copy("webhook_authenticator", "auth"));
    expect(copies.map(({ name, reference }) => [name, reference])).toEqual([
      ["Auth (copy)", "auth_copy"],
      ["Auth (copy 2)", "auth_copy_2"],
      ["Auth (copy 3)", "auth_copy_3"],
    ]);
    expect(copies[0]).toMatchObject({ code: "x = 1" });
  });

  it("a webhook's copy has an endpoint of its own", async () => {
    await using at = await open();
    await at.create("webhook_authenticator", { name: "a", reference: "a" });
    await at.create("webhook", { name: "Hook", reference: "hook", endpoint: "in/push", authenticator_id: "a" });
    expect((await at.copy("webhook", "hook"))["endpoint"]).toBe("in/push-copy");
    expect((await at.copy("webhook", "hook"))["endpoint"]).toBe("in/push-copy-2");
    expect(await at.copy("webhook", "hook", { endpoint: "chosen", name: "Chosen" })).toMatchObject({
      endpoint: "chosen",
      reference: "chosen",
    });
    await expect(at.copy("webhook", "hook", { endpoint: "chosen" })).rejects.toMatchObject({ code: "conflict" });
  });
});
