import { NO_RECORDS } from "./support.ts";
import { afterAll, describe, expect, it } from "vitest";
import { createDnsCalls } from "../../src/guest/dns.ts";
import { bindHostCalls } from "../../src/guest/host-calls.ts";
import { lines, openSandbox } from "../sandbox/support.ts";
import { encodeLongs, encodeName, encodeShorts, encodeText, startDnsServer } from "../support/dns-server.ts";

const A = 1;
const NS = 2;
const CNAME = 5;
const SOA = 6;
const PTR = 12;
const MX = 15;
const TXT = 16;
const AAAA = 28;
const SRV = 33;
const NAPTR = 35;
const CAA = 257;
const SERVER_FAILURE = 2;

const mx = (preference: number, exchange: string) => Buffer.concat([encodeShorts(preference), encodeName(exchange)]);

const server = await startDnsServer({
  "example.com": [
    { type: A, ttl: 300, data: Buffer.of(192, 0, 2, 1) },
    { type: A, ttl: 300, data: Buffer.of(192, 0, 2, 2) },
    { type: AAAA, ttl: 60, data: Buffer.from("20010db8000000000000000000000001", "hex") },
    { type: MX, ttl: 60, data: mx(10, "mail.example.com") },
    { type: MX, ttl: 60, data: mx(20, "backup.example.net") },
    { type: NS, ttl: 60, data: encodeName("ns1.example.com") },
    { type: TXT, ttl: 60, data: encodeText("v=spf1 -all") },
    { type: TXT, ttl: 60, data: Buffer.concat([encodeText('say "a\\b"'), encodeText(Buffer.of(0xff, 0x41))]) },
    {
      type: SOA,
      ttl: 60,
      data: Buffer.concat([
        encodeName("ns1.example.com"),
        encodeName("host.example.com"),
        encodeLongs(2026, 7200, 900, 86400, 60),
      ]),
    },
    { type: CAA, ttl: 60, data: Buffer.concat([Buffer.of(128), encodeText("issue"), Buffer.from("ca.example")]) },
    {
      type: NAPTR,
      ttl: 60,
      data: Buffer.concat([
        encodeShorts(10, 100),
        encodeText("u"),
        encodeText("E2U+sip"),
        encodeText("!^.*$!sip:a@b!"),
        encodeName(""),
      ]),
    },
  ],
  "www.example.com": [{ type: CNAME, ttl: 60, data: encodeName("example.com") }],
  "_sip._tcp.example.com": [
    { type: SRV, ttl: 60, data: Buffer.concat([encodeShorts(0, 5, 5060), encodeName("sip.example.com")]) },
  ],
  "1.2.0.192.in-addr.arpa": [{ type: PTR, ttl: 60, data: encodeName("host.example.com") }],
  "xn--bcher-kva.example": [{ type: A, ttl: 60, data: Buffer.of(192, 0, 2, 3) }],
  "nomail.example": [{ type: MX, ttl: 60, data: mx(0, "") }],
  "broken.example": SERVER_FAILURE,
  "silent.example": "silent",
});
const { sandbox, read, run } = await openSandbox();
afterAll(() => Promise.all([sandbox.close(0), server[Symbol.asyncDispose]()]));

const onHostCall = bindHostCalls(createDnsCalls({ servers: [server.address] }), NO_RECORDS);
const evaluate = (expression: string) => read(`result['message'] = ${expression}`, { onHostCall });

/** Runs a statement that must raise, and gives class and text. */
async function raise(expression: string) {
  const outcome = await run(expression, { onHostCall });
  return outcome.status === "raised" ? `${outcome.type}: ${outcome.message}` : outcome;
}

describe("dns.resolver.resolve", () => {
  const ANSWERS: [string, string, unknown][] = [
    ["A by default", "[r.address for r in dns.resolver.resolve('example.com')]", ["192.0.2.1", "192.0.2.2"]],
    ["AAAA", "[str(r) for r in dns.resolver.resolve('example.com', 'AAAA')]", ["2001:db8::1"]],
    [
      "MX, whatever the case",
      "sorted([r.preference, str(r.exchange), r.to_text()] for r in dns.resolver.resolve('Example.COM.', 'mx'))",
      [
        [10, "mail.example.com.", "10 mail.example.com."],
        [20, "backup.example.net.", "20 backup.example.net."],
      ],
    ],
    ["an MX that takes none", "dns.resolver.resolve('nomail.example', 'MX')[0].to_text()", "0 ."],
    ["MX by number", "len(dns.resolver.resolve('example.com', 15))", 2],
    ["NS", "dns.resolver.resolve('example.com', 'NS')[0].target.to_text()", "ns1.example.com."],
    [
      "TXT as bytes and in quotes",
      "[[[list(s) for s in r.strings][-1], str(r)] for r in dns.resolver.resolve('example.com', 'TXT')]",
      [
        [[...Buffer.from("v=spf1 -all")], '"v=spf1 -all"'],
        [[255, 65], '"say \\"a\\\\b\\"" "\\255A"'],
      ],
    ],
    [
      "SOA",
      "[str(dns.resolver.resolve('example.com', 'SOA')[0]), dns.resolver.resolve('example.com', 'SOA')[0].serial]",
      ["ns1.example.com. host.example.com. 2026 7200 900 86400 60", 2026],
    ],
    [
      "CAA",
      "[(r.flags, r.tag.decode(), r.value.decode(), str(r)) for r in dns.resolver.resolve('example.com', 'CAA')]",
      [[128, "issue", "ca.example", '128 issue "ca.example"']],
    ],
    ["NAPTR", "str(dns.resolver.resolve('example.com', 'NAPTR')[0])", '10 100 "u" "E2U+sip" "!^.*$!sip:a@b!" .'],
    ["SRV", "str(dns.resolver.resolve('_sip._tcp.example.com', 'SRV')[0])", "0 5 5060 sip.example.com."],
    ["CNAME", "str(dns.resolver.resolve('www.example.com', 'CNAME')[0].target)", "example.com."],
    [
      "PTR of an address",
      "str(dns.resolver.resolve(dns.reversename.from_address('192.0.2.1'), 'PTR')[0])",
      "host.example.com.",
    ],
    ["a name in other letters", "str(dns.resolver.resolve('bücher.example')[0])", "192.0.2.3"],
    [
      "the answer around the records",
      "(lambda a: [str(a.qname), a.rrset.ttl, a.ttl, len(a), str(a[-1]), a.rdtype, str(a.rrset), repr(a[0]), a.expiration > time.time()])(dns.resolver.resolve('example.com', lifetime=3, tcp=False, search=False))",
      [
        "example.com.",
        300,
        300,
        2,
        "192.0.2.2",
        1,
        "example.com. 300 IN A 192.0.2.1\nexample.com. 300 IN A 192.0.2.2",
        "<DNS IN A rdata: 192.0.2.1>",
        true,
      ],
    ],
    [
      "records in their order",
      "[str(r) for t in ('MX', 'A', 'TXT') for r in sorted(dns.resolver.resolve('example.com', t), reverse=True)] + [str(max(dns.resolver.resolve('example.com')))]",
      [
        "20 backup.example.net.",
        "10 mail.example.com.",
        "192.0.2.2",
        "192.0.2.1",
        '"v=spf1 -all"',
        '"say \\"a\\\\b\\"" "\\255A"',
        "192.0.2.2",
      ],
    ],
    ["the older name", "[str(r) for r in dns.resolver.query('example.com', 'AAAA')]", ["2001:db8::1"]],
    [
      "no answer where that is allowed",
      "(lambda a: [len(a), list(a), a.rrset])(dns.resolver.resolve('www.example.com', 'TXT', raise_on_no_answer=False))",
      [0, [], null],
    ],
  ];
  it.each(ANSWERS)("answers %s", async (_what, expression, expected) => {
    expect(await evaluate(expression)).toEqual(expected);
  });

  const ERRORS: [string, string, string][] = [
    [
      "no such name",
      "dns.resolver.resolve('nope.example')",
      "NXDOMAIN: The DNS query name does not exist: nope.example.",
    ],
    [
      "what is a URL and no name",
      "dns.resolver.resolve('http://example.com')",
      "NXDOMAIN: The DNS query name does not exist: http://example.com.",
    ],
    [
      "no such record",
      "dns.resolver.resolve('www.example.com', 'MX')",
      "NoAnswer: The DNS response does not contain an answer to the question: www.example.com. IN MX",
    ],
    [
      "a server that fails",
      "dns.resolver.resolve('broken.example')",
      "NoNameservers: All nameservers failed to answer the query broken.example. IN A: SERVFAIL",
    ],
    [
      "a server that is silent",
      "dns.resolver.resolve('silent.example', lifetime=0.4)",
      "LifetimeTimeout: The resolution lifetime expired after 0.400 seconds: silent.example. IN A",
    ],
    ["an unknown type", "dns.resolver.resolve('x', 'NOPE')", "UnknownRdatatype: DNS resource record type is unknown."],
    ["ANY", "dns.resolver.resolve('x', 'ANY')", "NoMetaqueries: DNS metaqueries are not allowed."],
    ["an empty label", "dns.resolver.resolve('a..b')", "EmptyLabel: A DNS label is empty."],
    ["a long label", "dns.resolver.resolve('a' * 64)", "LabelTooLong: A DNS label is > 63 octets long."],
    ["a long name", "dns.resolver.resolve('a.' * 200)", "NameTooLong: A DNS name is > 255 octets long."],
    ["a space", "dns.resolver.resolve('a b')", "SyntaxError: Text input is malformed."],
    ["a number", "dns.resolver.resolve(5)", "TypeError: a name is a text or what from_address gives"],
  ];
  it.each(ERRORS)("raises for %s", async (_what, expression, expected) => {
    expect(await raise(expression)).toBe(expected);
  });

  it("raises what its exception classes catch", async () => {
    const source = lines(
      "caught = []",
      "for name, kind in [('nope.example', dns.resolver.NXDOMAIN), ('broken.example', dns.resolver.NoNameservers),",
      "                   ('www.example.com', dns.resolver.NoAnswer), ('silent.example', dns.resolver.Timeout),",
      "                   ('silent.example', dns.exception.Timeout), ('a..b', dns.exception.DNSException)]:",
      "    try: dns.resolver.resolve(name, 'A', lifetime=0.2)",
      "    except kind as error: caught.append(isinstance(error, dns.exception.DNSException))",
      "result['message'] = caught",
    );
    expect(await read(source, { onHostCall })).toEqual([true, true, true, true, true, true]);
  });
});

describe("dns.reversename", () => {
  it.each([
    ["str(dns.reversename.from_address('192.0.2.1'))", "1.2.0.192.in-addr.arpa."],
    [
      "str(dns.reversename.from_address('2001:db8::1'))",
      "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.",
    ],
    ["str(dns.reversename.from_address('::ffff:192.0.2.1'))", "1.2.0.192.in-addr.arpa."],
    ["dns.reversename.to_address(dns.reversename.from_address('192.0.2.1'))", "192.0.2.1"],
    ["dns.reversename.to_address(dns.reversename.from_address('2001:db8::1'))", "2001:db8::1"],
    ["dns.reversename.from_address('192.0.2.1').to_text(omit_final_dot=True)", "1.2.0.192.in-addr.arpa"],
  ])("%s", async (expression, expected) => {
    expect(await evaluate(expression)).toBe(expected);
  });

  it("refuses what is no address", async () => {
    expect(await raise("dns.reversename.from_address('example.com')")).toBe("SyntaxError: Text input is malformed.");
    expect(await raise("dns.reversename.from_address('fe80::1%eth0')")).toBe("SyntaxError: Text input is malformed.");
  });
});

describe("the host", () => {
  const call = createDnsCalls({ servers: [server.address] })["dns.resolve"];
  const context = { ...NO_RECORDS, signal: new AbortController().signal };

  it.each([
    ["no list", null],
    ["a name that is no text", [1, "A", null]],
    ["a time that is no number", ["example.com", "A", "1"]],
    ["an unknown type", ["example.com", "constructor", null]],
    ["a backslash", ["a\\046b", "A", null]],
    ["a null byte", ["a\0b", "A", null]],
  ])("refuses %s", async (_what, args) => {
    await expect(call?.(args, context)).rejects.toMatchObject({ name: "GuestError" });
    expect(server.questions).not.toContain("a.b");
  });

  it("stops asking when the run ends", async () => {
    const abort = new AbortController();
    const asked = call?.(["silent.example", "A", 30], { ...context, signal: abort.signal });
    abort.abort();
    await expect(asked).rejects.toMatchObject({ type: "dns.LifetimeTimeout" });
  });
});
