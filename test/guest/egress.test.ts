import { describe, expect, it } from "vitest";
import { findAddressKind } from "../../src/guest/egress/address-kind.ts";
import { readSettings } from "../../src/settings/settings.ts";
import { createEgressPolicy, EgressError, type EgressOptions } from "../../src/guest/egress/policy.ts";

/** No setting permits these. */
const NEVER: Readonly<Record<string, readonly string[]>> = {
  "IPv4 link-local": ["169.254.0.0", "169.254.169.254", "169.254.170.2", "169.254.255.255"],
  "IPv6 link-local": ["fe80::1", "fe80::1%eth0", "febf::ffff", "FE80::A9FE:A9FE"],
  "cloud metadata": ["100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254", "fd00:42::42"],
  "mapped into IPv6": ["::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "0:0:0:0:0:ffff:a9fe:a9fe", "::FFFF:6464:64C8"],
  "IPv4-compatible": ["::169.254.169.254", "::a9fe:a9fe"],
  translated: ["::ffff:0:169.254.169.254", "64:ff9b::169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b::a83f:8110"],
  "translated with a prefix of one's own": [
    "64:ff9b:1::a9fe:a9fe",
    "64:ff9b:1:a9fe:a9:fe00::",
    "64:ff9b:1:0:a9:fea9:fe00:0",
    "64:ff9b:1:a9:fe:a9fe::",
  ],
  "6to4": ["2002:a9fe:a9fe::", "2002:a9fe:a9fe::1"],
  "Teredo, client inverted": ["2001:0:4136:e378:8000:63bf:5601:5601"],
  "Teredo, server": ["2001:0:a9fe:a9fe:8000:63bf:3fff:fdd2"],
  ISATAP: ["2001:db8::5efe:169.254.169.254", "fd12::200:5efe:a9fe:a9fe"],
};

/** Refused unless a setting permits them. */
const BY_SETTING: Readonly<Record<string, readonly string[]>> = {
  "a loopback address": ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "64:ff9b::7f00:1"],
  "a private address": [
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.127.255.255",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
  ],
  "the unspecified address": ["0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0"],
  "a multicast address": ["224.0.0.1", "239.255.255.255", "ff02::1"],
  "the broadcast address": ["255.255.255.255"],
  "a reserved address": [
    "240.0.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "2001:db8::1",
    "2001::1",
    "2002:808:808::1",
    "3fff::1",
    "100::1",
    "64:ff9b:1::808:808",
    "::8.8.8.8",
    "4000::1",
    "no address",
    "",
  ],
};

const PUBLIC = [
  "1.1.1.1",
  "8.8.8.8",
  "9.255.255.255",
  "11.0.0.0",
  "100.63.255.255",
  "100.128.0.0",
  "126.255.255.255",
  "128.0.0.1",
  "168.63.129.15",
  "169.253.255.255",
  "169.255.0.0",
  "172.15.255.255",
  "172.32.0.0",
  "192.167.255.255",
  "192.169.0.0",
  "223.255.255.255",
  "2606:4700::1111",
  "2a00:1450:4001::200e",
  "2001:4860:4860::8888",
  "::ffff:8.8.8.8",
  "64:ff9b::808:808",
];

describe("what an address is", () => {
  it.each(Object.entries(NEVER))("never: %s", (_name, addresses) => {
    expect(addresses.filter((address) => findAddressKind(address)?.never !== true)).toEqual([]);
  });

  it.each(Object.entries(BY_SETTING))("%s", (name, addresses) => {
    expect(addresses.map((address) => [address, findAddressKind(address)])).toEqual(
      addresses.map((address) => [address, { name, never: false }]),
    );
  });

  it("public", () => {
    expect(PUBLIC.filter((address) => findAddressKind(address) !== null)).toEqual([]);
  });
});

/** The host of a URL, as the client hands it to the policy. */
const hostOf = (url: string) => new URL(url).hostname;

/** Names of these tests; the system is asked for none. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  "public.example": ["8.8.8.8", "2606:4700::1111"],
  "inside.example": ["10.0.0.5"],
  "mixed.example": ["8.8.8.8", "10.0.0.5"],
  "metadata.example": ["169.254.169.254"],
  "mixed-metadata.example": ["8.8.8.8", "::ffff:169.254.169.254"],
  localhost: ["::1", "127.0.0.1"],
  "a.inside.example": ["192.168.0.1"],
  "xn--mnchen-3ya.example": ["10.0.0.6"],
};

function createPolicy(options: Partial<EgressOptions> = {}) {
  const asked: string[] = [];
  const policy = createEgressPolicy({
    allowPrivate: false,
    allow: [],
    async lookup(hostname) {
      asked.push(hostname);
      const addresses = NAMES[hostname];
      if (!addresses) throw new Error(`nobody knows ${hostname}`);
      return addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    },
    ...options,
  });
  return { asked, policy };
}

async function isPermitted(url: string, options: Partial<EgressOptions> = {}): Promise<boolean> {
  try {
    await createPolicy(options).policy.resolve(hostOf(url));
    return true;
  } catch (error) {
    if (error instanceof EgressError) return false;
    throw error;
  }
}

describe("where requests may go", () => {
  it.each([
    ["http://8.8.8.8/", true],
    ["http://public.example/", true],
    ["http://PUBLIC.example./", true],
    ["http://inside.example/", false],
    ["http://mixed.example/", false],
    ["http://metadata.example/", false],
    ["http://localhost/", false],
    // One address, written in ways that programs have read in different ways.
    ["http://127.0.0.1/", false],
    ["http://127.0.0.1./", false],
    ["http://127.1/", false],
    ["http://2130706433/", false],
    ["http://0x7f000001/", false],
    ["http://0177.0.0.1/", false],
    ["http://0x7f.1/", false],
    ["http://127.0.0.0x1/", false],
    ["http://%31%32%37.0.0.1/", false],
    ["http://１２７.0.0.1/", false],
    ["http://①②⑦.⓪.⓪.①/", false],
    ["http://[::1]/", false],
    ["http://[0:0:0:0:0:0:0:1]/", false],
    ["http://[::ffff:127.0.0.1]/", false],
    ["http://[::FFFF:7F00:0001]/", false],
    ["http://8.8.8.8@127.0.0.1/", false],
    ["http://8.8.8.8:80@127.0.0.1:80/", false],
    ["http://0/", false],
    ["http://3232235777/", false],
    ["http://134744072/", true],
  ])("%s: %s", async (url, permitted) => {
    expect(await isPermitted(url)).toBe(permitted);
  });

  it("does not read zones of IPv6 in a URL", () => {
    expect(URL.canParse("http://[fe80::1%25eth0]/")).toBe(false);
  });

  it.each([
    [["inside.example"], "http://inside.example/", true],
    [["INSIDE.example."], "http://inside.example/", true],
    [["inside.example"], "http://a.inside.example/", false],
    [["*.inside.example"], "http://a.inside.example/", true],
    [["*.inside.example"], "http://inside.example/", false],
    [["side.example"], "http://inside.example/", false],
    [["münchen.example"], "http://m%C3%BCnchen.example/", true],
    [["10.0.0.5"], "http://inside.example/", true],
    [["10.0.0.0/8"], "http://inside.example/", true],
    [["10.0.0.0/8"], "http://a.inside.example/", false],
    [["10.0.0.0/8"], "http://[::ffff:10.0.0.5]/", true],
    [["127.0.0.1"], "http://2130706433/", true],
    [["127.0.0.1"], "http://localhost/", false],
    [["127.0.0.1", "::1"], "http://localhost/", true],
    [["8.8.8.8"], "http://mixed.example/", false],
    [["mixed.example"], "http://mixed.example/", true],
    [["metadata.example", "169.254.0.0/16", "0.0.0.0/0"], "http://metadata.example/", false],
    [["mixed-metadata.example", "::/0"], "http://mixed-metadata.example/", false],
    [["169.254.169.254"], "http://169.254.169.254/", false],
  ])("with %j allowed, %s: %s", async (allow, url, permitted) => {
    expect(await isPermitted(url, { allow })).toBe(permitted);
  });

  it.each([
    ["http://localhost/", true],
    ["http://inside.example/", true],
    ["http://0.0.0.0/", true],
    ["http://mixed.example/", true],
    ["http://169.254.169.254/", false],
    ["http://[fe80::1]/", false],
    ["http://[::ffff:169.254.169.254]/", false],
    ["http://metadata.example/", false],
    ["http://mixed-metadata.example/", false],
  ])("with private addresses allowed, %s: %s", async (url, permitted) => {
    expect(await isPermitted(url, { allowPrivate: true })).toBe(permitted);
  });

  it("says what is wrong and which setting permits it", async () => {
    const { policy } = createPolicy();
    await expect(policy.resolve("inside.example")).rejects.toThrow(
      "inside.example (10.0.0.5) is a private address; HOOKTOWER_EGRESS_ALLOW_PRIVATE or HOOKTOWER_EGRESS_ALLOW permits it",
    );
    await expect(policy.resolve("169.254.169.254")).rejects.toThrow(
      "169.254.169.254 is a link-local address, which no setting permits",
    );
  });

  it("gives the addresses that it checked, and asks once for those who ask at the same time", async () => {
    const { asked, policy } = createPolicy();
    const answers = await Promise.all([1, 2, 3].map(() => policy.resolve("public.example")));
    expect(answers[0]?.map(({ address }) => address)).toEqual(["8.8.8.8", "2606:4700::1111"]);
    expect(asked).toEqual(["public.example"]);
    await policy.resolve("public.example");
    expect(asked).toHaveLength(2);
  });
});

describe("HOOKTOWER_EGRESS_ALLOW", () => {
  it("takes host names, addresses and CIDRs", () => {
    const text = "api.example.com, *.Example.com,10.0.0.0/8,::1,fd00::/8,my_host,münchen.example";
    expect(readSettings({ HOOKTOWER_EGRESS_ALLOW: text }).egressAllow).toHaveLength(7);
  });

  it.each([
    "http://x.example",
    "x.example:80",
    "10.0.0.0/33",
    "*",
    "a b",
    "10.1",
    "x.*.example",
    "[::1]",
    "user@x.example",
  ])("does not take %s", (entry) => {
    expect(() => readSettings({ HOOKTOWER_EGRESS_ALLOW: `ok.example,${entry}` })).toThrow(
      `must be host names, addresses and CIDRs; ${JSON.stringify(entry)} is none`,
    );
  });
});
