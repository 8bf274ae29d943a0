import { scryptSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createPasswords } from "../../src/users/passwords.ts";
import { createAttempts } from "../../src/users/attempts.ts";
import { createSignInThrottle } from "../../src/users/sign-in-throttle.ts";

describe("passwords", () => {
  const { hash: hashPassword, verify: verifyPassword } = createPasswords();

  it("are hashed with a salt of their own and verified", async () => {
    const [first, second] = await Promise.all([hashPassword("correct horse"), hashPassword("correct horse")]);
    expect(first).toMatch(/^scrypt\$32768\$8\$3\$[\w-]{22}\$[\w-]{43}$/);
    expect(first).not.toBe(second);
    expect(await verifyPassword("correct horse", first)).toBe(true);
    expect(await verifyPassword("correct hors", first)).toBe(false);
  });

  it("are the same however the keyboard composes a letter", async () => {
    const hash = await hashPassword("p\u00e9nalit\u00e9");
    expect(await verifyPassword("pe\u0301nalite\u0301", hash)).toBe(true);
  });

  it("are verified with the parameters they were hashed with", async () => {
    const salt = Buffer.from("some salt");
    const hash = scryptSync("old", salt, 8, { N: 2, r: 1, p: 1 }).toString("base64url");
    expect(await verifyPassword("old", `scrypt$2$1$1$${salt.toString("base64url")}$${hash}`)).toBe(true);
  });

  it("do not verify against what is no hash", async () => {
    await expect(verifyPassword("x", "plain")).rejects.toThrow("not a stored password hash");
  });
});

describe("attempts", () => {
  const time = { now: 0 };
  const clock = { now: () => time.now };

  it("are bounded in memory: the oldest key makes room", () => {
    const attempts = createAttempts(clock, { limit: 1, windowMs: 1000, maxKeys: 2 });
    expect([attempts.start("a"), attempts.start("b"), attempts.start("c")]).toEqual([0, 0, 0]);
    expect(attempts.start("c")).toBe(1);
    expect(attempts.start("a")).toBe(0);
  });

  it("begin anew after the window, which more attempts do not prolong", () => {
    time.now = 0;
    const attempts = createAttempts(clock, { limit: 1, windowMs: 10_000, maxKeys: 10 });
    attempts.start("a");
    time.now = 9_999;
    expect(attempts.start("a")).toBe(1);
    time.now = 10_000;
    expect(attempts.start("a")).toBe(0);
  });

  it("count a network of IPv6 as one address", () => {
    const throttle = createSignInThrottle(clock);
    for (let number = 0; number < 50; number += 1)
      throttle.start(`login${number}`, `2001:db8:0:1::${number.toString(16)}`);
    expect(() => throttle.start("last", "2001:db8:0:1:ffff::1")).toThrow("Too many failed sign-ins");
    expect(() => throttle.start("last", "2001:db8:0:2::1")).not.toThrow();
  });
});
