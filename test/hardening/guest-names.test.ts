import { afterAll, describe, expect, it } from "vitest";
import { runKind } from "../guest/programs-support.ts";
import { openSandbox } from "../sandbox/support.ts";

const { sandbox, read } = await openSandbox();
afterAll(() => sandbox.close(0));

/** All names of CPython 3.14's builtins module that need no underscore. */
const PYTHON_BUILTINS = `
ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup BlockingIOError BrokenPipeError BufferError
BytesWarning ChildProcessError ConnectionAbortedError ConnectionError ConnectionRefusedError ConnectionResetError
DeprecationWarning EOFError Ellipsis EncodingWarning EnvironmentError Exception ExceptionGroup False FileExistsError
FileNotFoundError FloatingPointError FutureWarning GeneratorExit IOError ImportError ImportWarning IndentationError IndexError
InterruptedError IsADirectoryError KeyError KeyboardInterrupt LookupError MemoryError ModuleNotFoundError NameError None
NotADirectoryError NotImplemented NotImplementedError OSError OverflowError PendingDeprecationWarning PermissionError
ProcessLookupError PythonFinalizationError RecursionError ReferenceError ResourceWarning RuntimeError RuntimeWarning
StopAsyncIteration StopIteration SyntaxError SyntaxWarning SystemError SystemExit TabError TimeoutError True TypeError
UnboundLocalError UnicodeDecodeError UnicodeEncodeError UnicodeError UnicodeTranslateError UnicodeWarning UserWarning ValueError
Warning ZeroDivisionError abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr classmethod compile
complex copyright credits delattr dict dir divmod enumerate eval exec exit filter float format frozenset getattr globals hasattr
hash help hex id input int isinstance issubclass iter len license list locals map max memoryview min next object oct open ord pow
print property quit range repr reversed round set setattr slice sorted staticmethod str sum super tuple type vars zip`;

const ALLOWED_BUILTINS = `
ArithmeticError AssertionError AttributeError ConnectionError EOFError Exception False IndexError KeyError LookupError
MemoryError NameError None NotImplementedError OSError OverflowError RecursionError RuntimeError StopIteration TimeoutError True
TypeError UnicodeDecodeError UnicodeEncodeError UnicodeError ValueError ZeroDivisionError abs all any bool bytes chr dict divmod
enumerate filter float int isinstance len list map max min ord range reduce repr reversed round set sorted str sum tuple unicode
xrange zip`;

const CONTEXT =
  "UserError _logger dateutil datetime dns float_compare hashlib hmac json re requests result time timezone tldextract urllib_parse";

/** What a runner holds that must not be a name of the guest. */
const RUNNER_NAMES = `
js pyodide pyodide_js _pyodide _pyodide_core micropip main host rules values modules compiler sys os builtins importlib gc run_sync
call_host connect current bridge _bridge state Run BUILTINS CONTEXT RawData Headers Record bind_format globalThis process require self
window Module env tower user uid server`;

const words = (text: string) => text.trim().split(/\s+/);

describe("the guest sees exactly these", () => {
  it("names", async () => {
    const candidates = [...new Set(words(`${PYTHON_BUILTINS} ${CONTEXT} ${RUNNER_NAMES} unicode xrange reduce`))];
    const source = candidates.map((name) => `try:\n  ${name}\n  found.append('${name}')\nexcept NameError: pass`);
    const found = await read(["found = []", ...source, "result['message'] = found"].join("\n"));
    expect((found as string[]).toSorted()).toEqual([...words(ALLOWED_BUILTINS), ...words(CONTEXT)].toSorted());
  });

  it.each([
    ["modifier", "value re"],
    ["command", `custom_values ${CONTEXT.replace("result ", "")}`],
  ] as const)("names in a %s", async (kind, context) => {
    const candidates = words(`${PYTHON_BUILTINS} ${CONTEXT} ${RUNNER_NAMES} unicode xrange reduce value custom_values`);
    const source = candidates.map((name) => `try:\n  ${name}\n  found.append('${name}')\nexcept NameError: pass`);
    const leave = kind === "modifier" ? "result = found" : "result = {'message': found}";
    const code = ["found = []", ...source, leave].join("\n");
    const outcome = await runKind(sandbox, kind, code, kind === "modifier" ? { value: 1 } : { custom_values: {} });
    if (outcome.status !== "completed") throw new Error(JSON.stringify(outcome));
    const found = Object.values(outcome.result).find((value) => typeof value === "object" && value !== null);
    const names = JSON.parse(typeof found === "object" && found ? found.json : "[]") as string[];
    expect([...new Set(names)].toSorted()).toEqual([...words(ALLOWED_BUILTINS), ...words(context)].toSorted());
  });

  const MODULES: [string, string, string][] = [
    ["json", "dumps", "loads load dump JSONEncoder JSONDecoder decoder encoder scanner codecs detect_encoding"],
    [
      "time",
      "time sleep strptime strftime",
      "monotonic time_ns perf_counter gmtime localtime ctime mktime tzset tzname process_time",
    ],
    ["datetime", "date datetime time timedelta timezone tzinfo MAXYEAR MINYEAR", "sys UTC datetime_CAPI"],
    [
      "hashlib",
      "sha1 sha224 sha256 sha384 sha512 sha3_224 sha3_256 sha3_384 sha3_512 shake_128 shake_256 blake2b blake2s md5 new",
      "file_digest algorithms_available algorithms_guaranteed scrypt pbkdf2_hmac",
    ],
    ["hmac", "new compare_digest", "digest HMAC trans_5C trans_36"],
    [
      "re",
      "match fullmatch search sub subn split findall finditer compile escape error",
      "template purge enum functools copyreg Pattern Match Scanner I IGNORECASE sys _cache _compiler _parser",
    ],
    [
      "urllib_parse",
      "quote quote_plus unquote unquote_plus urlencode urlparse urlunparse urlsplit urlunsplit urljoin parse_qs parse_qsl",
      "sys re functools ipaddress warnings types collections ParseResult clear_cache uses_netloc scheme_chars",
    ],
    [
      "requests",
      "request get options head post put patch delete exceptions",
      "Session session sessions adapters api auth codes compat cookies hooks models packages status_codes structures utils certs sys urllib3 call_host prepare Response",
    ],
    [
      "requests.exceptions",
      "RequestException InvalidJSONError JSONDecodeError HTTPError ConnectionError ProxyError SSLError Timeout ConnectTimeout ReadTimeout TooManyRedirects MissingSchema InvalidSchema InvalidURL InvalidHeader ChunkedEncodingError ContentDecodingError",
      "BaseHTTPError CompatJSONDecodeError json errors BY_NAME ALL OSError sys",
    ],
    ["dns", "resolver reversename exception", "name rdatatype message query inet socket call_host Name Answer"],
    [
      "dns.resolver",
      "resolve query NXDOMAIN NoAnswer NoNameservers NoMetaqueries LifetimeTimeout Timeout",
      "Resolver default_resolver get_default_resolver override_system_resolver zone_for_name time sys dns",
    ],
    ["dns.reversename", "from_address to_address", "ipv4_reverse_domain dns ipaddress"],
    ["dns.exception", "DNSException Timeout", "ExceptionWrapper FormError TooBig"],
    ["tldextract", "extract", "TLDExtract tldextract suffix_list remote update ExtractResult ipaddress"],
    ["dateutil", "tz parser relativedelta rrule", "easter zoneinfo utils sys warnings parse six"],
    [
      "dateutil.tz",
      "UTC tzutc gettz tzoffset",
      "tzlocal tzfile tzrange tzstr tzical tz win datetime_exists datetime os sys time",
    ],
    [
      "dateutil.parser",
      "isoparse parse ParserError",
      "parser parserinfo isoparser DEFAULTPARSER UnknownTimezoneWarning Reader re",
    ],
    ["dateutil.relativedelta", "relativedelta MO TU WE TH FR SA SU", "weekday weekdays calendar datetime operator"],
    [
      "dateutil.rrule",
      "rrule rruleset rrulestr YEARLY MONTHLY WEEKLY DAILY HOURLY MINUTELY SECONDLY MO TU WE TH FR SA SU",
      "rrulebase weekday weekdays parser heapq itertools datetime sys re FREQNAMES",
    ],
    ["timezone", "", "utc zone country_timezones all_timezones"],
    [
      "timezone('Europe/Berlin')",
      "zone localize normalize fromutc utcoffset dst tzname",
      "_tzinfos _utcoffset _dst _rules rules members",
    ],
    [
      "_logger",
      "debug info warning error critical exception",
      "handlers parent root manager log addHandler setLevel name",
    ],
  ];
  it.each(MODULES)("attributes of %s", async (module, allowed, refused) => {
    const source = words(`${allowed} ${refused}`).map(
      (name) => `try:\n  ${module}.${name}\n  found.append('${name}')\nexcept AttributeError: pass`,
    );
    const found = await read(["found = []", ...source, "result['message'] = found"].join("\n"));
    expect(found).toEqual(allowed === "" ? [] : words(allowed));
  });
});
