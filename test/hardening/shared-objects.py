"""What two runs have in common: every object that both can reach by names that a program may write. Run inside an
interpreter with the guest's sources; leaves in `found` its types as JSON, each with a way to one such object."""

import datetime
import dis
import inspect
import json
import types

import dns
import domains
import main  # noqa: F401  loads all that programs see
import records_env
import requests_prepare
import requests_response
import values
from builtin_names import BUILTINS
from context import CONTEXT
from rules import is_forbidden_name
from template_runtime import FUNCTIONS

PLAIN = (str, bytes, int, float, complex, type(None), datetime.timedelta, datetime.datetime)
MAX_STEPS = 9

# Things that programs make, and errors that they can meet.
MAKE = """
up, tz, du, hl = urllib_parse, timezone, dateutil, hashlib
things = [up.urlsplit("http://u:p@h:1/p?q#f"), up.urlparse("x"), up.urldefrag("x#y"), up.urlsplit(b"x"), up.urlparse(b"x"), up.urldefrag(b"x")]
pattern = re.compile("a(?P<x>b)")
things += [pattern, pattern.match("ab"), pattern.scanner("x"), hl.new("md5"), hl.blake2b(), hl.shake_128(), hl.sha256()]
things += [hmac.new(b"k", b"m", "sha256"), hmac.new(b"k", b"m", hl.sha256), hmac.new(b"k", b"m", lambda d=b"": hl.sha256(d))]
things += [tz("Europe/Berlin"), tz("UTC"), tz("EST"), time.strptime("2020", "%Y"), dns.reversename.from_address("::1")]
things += [du.relativedelta.relativedelta(weekday=du.relativedelta.MO(1)), du.rrule.rrule(3, count=3, cache=True), du.rrule.rruleset()]
things += [du.rrule.rrulestr("FREQ=DAILY;COUNT=3"), du.tz.tzoffset("x", 3600), du.parser.parse("2020-01-01T10:00:00+02:00").tzinfo]
things += [list[int], int | str, ..., lambda: 0, (x for x in [1])]
type A = int
type B[T] = list[T]
def f[T](x): return x
def g(): yield 1
async def c(): pass
async def a(): yield 1
coroutine = c()
things += [A, B, f, g(), coroutine, a()]
coroutine.close()
naive = datetime.datetime(2020, 3, 29, 2, 30)
for go in (
    lambda: tz("nope"), lambda: tz(5), lambda: du.parser.parse("nope"), lambda: du.parser.isoparse("nope"), lambda: du.rrule.rrulestr("x"),
    lambda: json.dumps({1}), lambda: json.dumps(1, cls=5), lambda: json.dumps(1, cls=lambda **k: 5), lambda: re.compile("("), lambda: hl.new("x"),
    lambda: hmac.new(b"k", b"m"), lambda: hmac.new(b"k", b"m", "nope"), lambda: up.urlsplit(5), lambda: up.urlsplit("http://[x"),
    lambda: up.urlencode(5), lambda: up.quote(5), lambda: up.parse_qs(5), lambda: up.parse_qs("a=1&b=2", max_num_fields=1),
    lambda: dns.reversename.from_address("x"), lambda: dns.reversename.to_address(dns.reversename.from_address("::1"), 5),
    lambda: requests.get("x://"), lambda: requests.get("http://a.b", auth=5), lambda: requests.get("http://a.b"), lambda: time.sleep("x"),
    lambda: tz("Europe/Berlin").localize(5), lambda: tz("Europe/Berlin").localize(naive, is_dst=None), lambda: tz("Europe/Berlin").fromutc(5),
    lambda: time.strptime("x", "%Y"), lambda: datetime.datetime.strptime("x", "%Q"), lambda: json.nope, lambda: dns.resolver.resolve(5),
    lambda: du.relativedelta.relativedelta(5, 6), lambda: du.rrule.rrule(99), lambda: du.tz.tzoffset(1, "x"), lambda: tldextract.extract("x"),
    lambda: _logger.info("%d", "x"), lambda: float_compare(1, 2), lambda: pattern.sub(5, "x"), lambda: pattern.match("ab").group(9), lambda: nope,
):
    try: go()
    except Exception as error: things.append(error)
"""


def make():
    """One run: what its code makes, and what the host gives it."""
    namespace = {**CONTEXT, "__builtins__": BUILTINS}
    exec(compile(MAKE, "run", "exec", 0x1000000, dont_inherit=True), namespace)
    request = requests_prepare.prepare("GET", "http://a.b/", None, None, None, None, None, None)
    answer = {"status": 200, "reason": "OK", "headers": [["Set-Cookie", "a=b"]], "body": "e30=", "elapsed_us": 5, "too_deep": False}
    record = values.Record("m", {"id": 1})
    env = records_env.Environment(1, record)
    name = namespace["dns"].reversename.from_address("::1")
    return [
        *namespace["things"],
        requests_response.Response(answer, request),
        values.Headers({"A": "b"}),
        values.RawData(b"x"),
        values.make_host_function("x"),
        record,
        env,
        records_env.HostObject(env, "tower", ["x"]),
        dns.Answer(name, "A", dns.RRset(name, "A", 1, ["1.1.1.1"])),
        domains.ExtractResult("a", "b", "c", False),
    ]


def steps(value):
    """The objects that one leads to, each with how."""
    for name in dir(value):
        if not is_forbidden_name(name):
            try:
                yield f".{name}", getattr(value, name)
            except Exception:
                continue
    if isinstance(value, (tuple, list, set, frozenset)):
        yield from ((f"[{index}]", item) for index, item in enumerate(list(value)[:50]))
    elif isinstance(value, (dict, types.MappingProxyType)):
        yield from ((f"[{key!r}]", item) for key, item in list(value.items())[:50])


def walk(roots):
    """Id to way and object."""
    seen = {}
    stack = [(way, value, 0) for way, value in roots]
    while stack:
        way, value, count = stack.pop()
        if id(value) in seen or isinstance(value, PLAIN) or count > MAX_STEPS:
            continue
        seen[id(value)] = (way, value)
        stack.extend((way + step, found, count + 1) for step, found in steps(value))
    return seen


def stores(member):
    """Whether a function or property of a class sets attributes. Programs can call it with what they share."""
    functions = [member.fget, member.fset, member.fdel] if isinstance(member, property) else [member]
    codes = [function.__code__ for function in functions if isinstance(function, types.FunctionType)]
    return any(step.opname in ("STORE_ATTR", "DELETE_ATTR") for code in codes for step in dis.get_instructions(code))


first, second = (walk([(repr(type(value)), value) for value in make()]) for _ in range(2))
shared = {key: found for key, found in first.items() if key in second}
shared.update(walk([*CONTEXT.items(), *FUNCTIONS.items(), *((name, value) for name, value in BUILTINS.items() if name != "__import__")]))
kinds = {f"{type(value).__module__}.{type(value).__qualname__}": way for way, value in shared.values()}
for way, value in shared.values():
    for name in dir(value) if isinstance(value, type) else ():
        if not is_forbidden_name(name) and stores(inspect.getattr_static(value, name)):
            kinds[f"{value.__qualname__}.{name}, which stores"] = f"{way}.{name}"
found = json.dumps(kinds)
