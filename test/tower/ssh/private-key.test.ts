import { generateKeyPairSync } from "node:crypto";
import ssh2 from "ssh2";
import { describe, expect, it } from "vitest";
import { parsePrivateKey, readPrivateKey } from "../../../src/tower/ssh/private-key.ts";
import { makeKeyPair } from "../../support/ssh2-server.ts";

const PASSPHRASE = "correct horse";

const openssh = {
  ed25519: makeKeyPair(),
  ecdsa: ssh2.utils.generateKeyPairSync("ecdsa", { bits: 256 }),
  rsa: ssh2.utils.generateKeyPairSync("rsa", { bits: 2048 }),
  encrypted: makeKeyPair({ cipher: "aes256-ctr", rounds: 2, passphrase: PASSPHRASE }),
};
const pairs = {
  rsa: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ec: generateKeyPairSync("ec", { namedCurve: "P-384" }),
  ed25519: generateKeyPairSync("ed25519"),
};

function pem(kind: keyof typeof pairs, type: "pkcs1" | "sec1" | "pkcs8", isEncrypted = false): string {
  const lock = isEncrypted ? { cipher: "aes-256-cbc", passphrase: PASSPHRASE } : {};
  return pairs[kind].privateKey.export({ format: "pem", type, ...lock });
}

describe("private keys", () => {
  it.each([
    ["OpenSSH, Ed25519", openssh.ed25519.private, "ssh-ed25519"],
    ["OpenSSH, ECDSA", openssh.ecdsa.private, "ecdsa-sha2-nistp256"],
    ["OpenSSH, RSA", openssh.rsa.private, "ssh-rsa"],
    ["PKCS#1", pem("rsa", "pkcs1"), "ssh-rsa"],
    ["SEC 1", pem("ec", "sec1"), "ecdsa-sha2-nistp384"],
    ["PKCS#8, RSA", pem("rsa", "pkcs8"), "ssh-rsa"],
    ["PKCS#8, ECDSA", pem("ec", "pkcs8"), "ecdsa-sha2-nistp384"],
    ["PKCS#8, Ed25519", pem("ed25519", "pkcs8"), "ssh-ed25519"],
  ])("are read: %s", (_, text, type) => {
    const key = parsePrivateKey(text);
    expect(key.type).toBe(type);
    const signature = key.sign(Buffer.from("data"));
    expect(key.verify(Buffer.from("data"), signature)).toBe(true);
    expect(parsePrivateKey(`\n  ${text.replaceAll("\n", "\r\n")}\n\n`).type).toBe(type);
    expect(parsePrivateKey(text, "needless").type).toBe(type);
  });

  it.each([
    ["OpenSSH", openssh.encrypted.private],
    ["PKCS#1", pem("rsa", "pkcs1", true)],
    ["SEC 1", pem("ec", "sec1", true)],
    ["PKCS#8", pem("ed25519", "pkcs8", true)],
  ])("are decrypted: %s", async (_, text) => {
    const key = parsePrivateKey(text, PASSPHRASE);
    expect(key.isPrivateKey()).toBe(true);
    // In a thread, which is how connections do it.
    expect((await readPrivateKey(text, PASSPHRASE)).getPublicSSH()).toEqual(key.getPublicSSH());
    await expect(readPrivateKey(text, "wrong")).rejects.toThrow("The passphrase does not fit the private key");
    await expect(readPrivateKey(text)).rejects.toThrow("The private key is encrypted");
    expect(() => parsePrivateKey(text, "wrong")).toThrow("The passphrase does not fit the private key");
    expect(() => parsePrivateKey(text)).toThrow("The private key is encrypted, and there is no passphrase for it");
    expect(() => parsePrivateKey(text, "")).toThrow("The private key is encrypted, and there is no passphrase for it");
  });

  it("made with other curves are the public keys that they were", () => {
    const blob = parsePrivateKey(pem("ed25519", "pkcs8")).getPublicSSH();
    const { x = "" } = pairs.ed25519.publicKey.export({ format: "jwk" });
    expect(blob.subarray(-32)).toEqual(Buffer.from(x, "base64url"));
  });

  it.each([
    ["nothing", " \n", "There is no private key"],
    ["a public key", openssh.rsa.public, "This is a public key"],
    ["a public key", pairs.rsa.publicKey.export({ format: "pem", type: "spki" }), "This is a public key"],
    ["a password", "hunter2", "This is not a private key"],
    ["a certificate", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "This is not a private key"],
    ["half a key", openssh.rsa.private.slice(0, 400), "cannot be read"],
    ["a changed key", openssh.rsa.private.replace(/\n.{60}/, "\nAAAA"), "cannot be read"],
    [
      "another kind",
      generateKeyPairSync("ed448").privateKey.export({ format: "pem", type: "pkcs8" }),
      "Private keys of type ed448 are not supported",
    ],
  ])("are not %s", (_, text, message) => {
    expect(() => parsePrivateKey(text)).toThrow(expect.objectContaining({ code: "bad_key" }));
    expect(() => parsePrivateKey(text)).toThrow(message);
    const secret = text.split("\n")[1]?.slice(0, 30) ?? "";
    if (secret.length > 20) expect(() => parsePrivateKey(text)).not.toThrow(secret);
  });
});
