import { NO_RECORDS } from "./support.ts";
import { afterAll, describe, expect, it } from "vitest";
import { createDomainCalls } from "../../src/guest/domain-calls.ts";
import { bindHostCalls } from "../../src/guest/host-calls.ts";
import { openSandbox } from "../sandbox/support.ts";

const { sandbox, read, run } = await openSandbox();
afterAll(() => sandbox.close(0));

const onHostCall = bindHostCalls(createDomainCalls(), NO_RECORDS);
const evaluate = (expression: string) => read(`result['message'] = ${expression}`, { onHostCall });

describe("tldextract.extract", () => {
  it.each([
    ["http://forums.news.cnn.com/", "forums.news", "cnn", "com"],
    ["http://forums.bbc.co.uk/", "forums", "bbc", "co.uk"],
    ["http://www.worldbank.org.kg/", "www", "worldbank", "org.kg"],
    ["gmail.com", "", "gmail", "com"],
    ["com", "", "", "com"],
    ["co.uk", "", "", "co.uk"],
    ["localhost", "", "localhost", ""],
    ["http://internalunlikelyhostname.bizarre:8080/x", "internalunlikelyhostname", "bizarre", ""],
    ["https://user:pass@www.Example.CO.UK:8080/path@x?a=b.c#d", "www", "Example", "CO.UK"],
    ["//a.example.com", "a", "example", "com"],
    ["ftp+ssl://a.example.com", "a", "example", "com"],
    ["example.com.", "", "example", "com"],
    ["  example.com  ", "", "example", "com"],
    ["example.com?x=//y", "", "example", "com"],
    ["mailto:someone@example.com", "", "example", "com"],
    ["http://www.食狮.公司.cn/", "www", "食狮", "公司.cn"],
    ["http://www.xn--85x722f.xn--55qx5d.cn", "www", "xn--85x722f", "xn--55qx5d.cn"],
    ["http://www。example。com", "www", "example", "com"],
    ["waiterrant.blogspot.com", "waiterrant", "blogspot", "com"],
    ["a.b.kawasaki.jp", "", "a", "b.kawasaki.jp"],
    ["a.city.kawasaki.jp", "a", "city", "kawasaki.jp"],
    ["http://127.0.0.1:8080/x", "", "127.0.0.1", ""],
    ["http://256.1.1.1", "256.1.1", "1", ""],
    ["http://[::1]:80/", "", "[::1]", ""],
    ["http://[nope]/", "", "[nope]", ""],
    ["_dmarc.example.com", "_dmarc", "example", "com"],
    ["", "", "", ""],
  ])("takes %s apart", async (url, ...parts) => {
    const inputs = { url: { kind: "json", value: url } } as const;
    const source = "e = tldextract.extract(url)\nresult['message'] = [e.subdomain, e.domain, e.suffix, e.is_private]";
    expect(await read(source, { inputs, onHostCall })).toEqual([...parts, false]);
  });

  it.each([
    [
      "with private suffixes",
      "list(tldextract.extract('a.waiterrant.blogspot.com', True))",
      ["a", "waiterrant", "blogspot.com", true],
    ],
    [
      "a private suffix alone",
      "tldextract.extract('http://blogspot.com', include_psl_private_domains=True).fqdn",
      "blogspot.com",
    ],
    ["registered_domain", "tldextract.extract('http://forums.bbc.co.uk').registered_domain", "bbc.co.uk"],
    ["registered_domain without a suffix", "tldextract.extract('http://localhost:8080').registered_domain", ""],
    [
      "the newer name of that",
      "tldextract.extract('http://forums.bbc.co.uk').top_domain_under_public_suffix",
      "bbc.co.uk",
    ],
    ["fqdn", "tldextract.extract('http://forums.bbc.co.uk/path').fqdn", "forums.bbc.co.uk"],
    ["fqdn without a suffix", "tldextract.extract('http://localhost:8080').fqdn", ""],
    [
      "ipv4",
      "[tldextract.extract(u).ipv4 for u in ('http://127.0.0.1/x', 'http://1.2.3', 'a.com')]",
      ["127.0.0.1", "", ""],
    ],
    [
      "ipv6",
      "[tldextract.extract(u).ipv6 for u in ('http://[aBcD::1]:80/x', 'http://[::g]', 'a.com')]",
      ["aBcD::1", "", ""],
    ],
    ["reverse_domain_name", "tldextract.extract('login.example.co.uk').reverse_domain_name", "co.uk.example.login"],
    [
      "unpacking",
      "(lambda s, d, x, p: [s, d, x, p])(*tldextract.extract('a.example.com'))",
      ["a", "example", "com", false],
    ],
    ["slices", "'.'.join(tldextract.extract('a.example.com')[1:3])", "example.com"],
    [
      "repr",
      "repr(tldextract.extract('http://forums.bbc.co.uk'))",
      "ExtractResult(subdomain='forums', domain='bbc', suffix='co.uk', is_private=False)",
    ],
    ["equality", "tldextract.extract('http://a.com/x') == tldextract.extract('a.com:80')", true],
  ])("gives %s", async (_what, expression, expected) => {
    expect(await evaluate(expression)).toEqual(expected);
  });

  it("takes a million dots", async () => {
    expect(await evaluate("len(tldextract.extract('.' * 1000000 + 'a').subdomain)")).toBe(999_999);
  });

  it("refuses what is no text", async () => {
    expect(await run("tldextract.extract(None)", { onHostCall })).toMatchObject({
      status: "raised",
      type: "TypeError",
    });
  });
});

describe("the host", () => {
  const call = createDomainCalls()["domains.extract"];
  const context = { ...NO_RECORDS, signal: new AbortController().signal };

  it.each([null, [], ["a.com"], [1, false], ["a.com", 1]])("refuses %j", async (args) => {
    await expect(async () => call?.(args, context)).rejects.toMatchObject({ name: "GuestError" });
  });
});
