/**
 * Programs that Python's own `requests` and ours must treat alike: what the server was sent, and
 * what the program saw. `url` is the server's; what is left in `result` is compared.
 */
export interface RequestsCase {
  readonly name: string;
  readonly source: string;
}

const ok = (name: string, source: string): RequestsCase => ({ name, source });
/** A program that shows one expression. */
const show = (name: string, expression: string): RequestsCase => ({ name, source: `result = ${expression}` });
/** What the server echoes of the body, besides what it recorded itself. */
const send = (name: string, call: string): RequestsCase => ({ name, source: `result = ${call}.status_code` });
/** The exception that a call ends with, with its text where that is the same in both. */
const fail = (name: string, call: string, text = false): RequestsCase => ({
  name,
  source: [
    `try:`,
    `  ${call}`,
    `  result = 'no exception'`,
    `except Exception as e:`,
    `  kinds = [k for k in KINDS if isinstance(e, named(k))]`,
    `  result = [kinds, isinstance(e, OSError), isinstance(e, ValueError)${text ? ", str(e)" : ""}]`,
  ].join("\n"),
});

const SENT = [
  send("get", "requests.get(url + '/echo')"),
  send("get without a path", "requests.get(url)"),
  send("get with a query and params", "requests.get(url + '/echo?a=1', params={'b': '2'})"),
  send(
    "params of all kinds",
    "requests.get(url + '/echo', params={'a': 1, 'b': None, 'c': [1, 'x y', None], 'd': True, 'é': 'ü&='})",
  ),
  send("params as pairs", "requests.get(url + '/echo', params=[('a', '1'), ('a', '2')])"),
  send("params as text", "requests.get(url + '/echo', params='a=b c&d')"),
  send("params as bytes", "requests.get(url + '/echo', params=b'a=b')"),
  send("params with a fragment in the URL", "requests.get(url + '/echo#part', params={'a': 1})"),
  send("a path with spaces and letters", "requests.get(url + '/echo/a b/ü?q=x y')"),
  send("a path with escapes", "requests.get(url + '/echo/%7euser/%2f%c3%bc/%41')"),
  send("a path with a broken escape", "requests.get(url + '/echo/100%/x%20y')"),
  send("a path with dots", "requests.get(url + '/a/../echo/./b/..')"),
  send("a path with marks", "requests.get(url + '/echo/|[]{}^<>')"),
  send("a query with marks", `requests.get(url + '/echo?a[]=1&b={x}&c="y"|')`),
  send("blanks before the URL", "requests.get('  ' + url + '/echo')"),
  send("post without a body", "requests.post(url + '/echo')"),
  send("post of a dict", "requests.post(url + '/echo', data={'a': '1', 'b': [2, 3], 'c': None, 'd': 'x y&ü'})"),
  send("post of pairs", "requests.post(url + '/echo', data=[('a', 1), ('b', 2), ('a', 3)])"),
  send("post of pairs in a tuple", "requests.post(url + '/echo', data=(('a', 1),))"),
  send("post of text", "requests.post(url + '/echo', data='plain text')"),
  send("post of bytes", "requests.post(url + '/echo', data=bytes(range(256)))"),
  send("post of empty text", "requests.post(url + '/echo', data='')"),
  send("post of json", "requests.post(url + '/echo', json={'a': [1, 2.5, None, True], 'ü': 'é'})"),
  send("post of a json list", "requests.post(url + '/echo', json=[])"),
  send("post of a falsy json", "requests.post(url + '/echo', json=0)"),
  send("post of json null", "requests.post(url + '/echo', json=None)"),
  send("data goes before json", "requests.post(url + '/echo', data={'a': 1}, json={'b': 2})"),
  send(
    "json with a content type of one's own",
    "requests.post(url + '/echo', json={}, headers={'content-type': 'application/x-own'})",
  ),
  send(
    "dumped json as data",
    "requests.post(url + '/echo', data=json.dumps({'a': 1}), headers={'Content-Type': 'application/json'})",
  ),
  send("positional arguments", "requests.post(url + '/echo', {'a': 1}, None)"),
  send("get with positional params", "requests.get(url + '/echo', {'a': 1})"),
  send("a form in a get", "requests.get(url + '/echo', data={'a': 1})"),
  send("delete", "requests.delete(url + '/echo')"),
  send("delete with json", "requests.delete(url + '/echo', json={'a': 1})"),
  send("request with a method in lower case", "requests.request('patch', url + '/echo', data='x')"),
  send(
    "put, patch, head, options",
    "[f(url + '/echo') for f in (requests.put, requests.patch, requests.head, requests.options)][0]",
  ),
  send("headers", "requests.get(url + '/echo', headers={'X-One': '1', 'x-two': b'2', 'Accept': 'text/plain'})"),
  send("a header that is None", "requests.get(url + '/echo', headers={'Accept': None, 'X-A': None})"),
  send("a header in Latin-1", "requests.get(url + '/echo', headers={'X-A': 'é'})"),
  send("an empty header", "requests.get(url + '/echo', headers={'X-A': ''})"),
  send("cookies", "requests.get(url + '/echo', cookies={'a': '1', 'b': 'x y'})"),
  send("cookies beside a header", "requests.get(url + '/echo', cookies={'a': '1'}, headers={'Cookie': 'b=2'})"),
  send("auth", "requests.get(url + '/echo', auth=('user', 'pässword'))"),
  send("auth before a header", "requests.get(url + '/echo', auth=('u', 'p'), headers={'Authorization': 'Bearer x'})"),
  send("auth of bytes", "requests.get(url + '/echo', auth=(b'u', b'p'))"),
  send(
    "auth by a function",
    "requests.get(url + '/echo', auth=lambda r: [r.headers.update({'X-Auth': r.method}), r][1])",
  ),
  send("credentials in the URL", "requests.get(url.replace('//', '//us%20er:p@') + '/echo')"),
  send("a name without a password in the URL", "requests.get(url.replace('//', '//token@') + '/echo')"),
  send("a name with an empty password in the URL", "requests.get(url.replace('//', '//token:@') + '/echo')"),
  send("empty credentials in the URL", "requests.get(url.replace('//', '//:@') + '/echo')"),
  send("a file as bytes", "requests.post(url + '/echo', files={'f': b'abc'})"),
  send("a file with a name", "requests.post(url + '/echo', files={'f': ('a.txt', b'abc')})"),
  send("a file with a name and a type", "requests.post(url + '/echo', files={'f': ('a.txt', 'abc', 'text/x')})"),
  send("a file with headers", "requests.post(url + '/echo', files={'f': ('a.txt', 'abc', 'text/x', {'X-P': '1'})})"),
  send(
    "files as pairs, with data",
    "requests.post(url + '/echo', files=[('f', ('a', 'x')), ('f', ('b', 'y'))], data={'k': ['v', 2]})",
  ),
  send("a file without a file name", "requests.post(url + '/echo', files={'f': (None, 'x')})"),
  send("a file with letters in its names", "requests.post(url + '/echo', files={'fü': ('aé.txt', 'x')})"),
  send("a file instead of json", "requests.post(url + '/echo', files={'f': 'x'}, json={'a': 1})"),
  send("a timeout", "requests.get(url + '/echo', timeout=5)"),
  send("two timeouts", "requests.get(url + '/echo', timeout=(3.05, 27))"),
  send("a timeout for connecting only", "requests.get(url + '/echo', timeout=(3, None))"),
];

const PLAIN = [
  "text-latin1",
  "text-utf8",
  "text-quoted-charset",
  "json",
  "json-latin1",
  "json-utf16",
  "json-utf8-mark",
  "json-list",
  "bytes",
  "bytes-ascii",
  "bytes-utf8",
  "unknown-charset",
  "no-type",
  "empty",
  "no-content",
  "gzip",
  "deflate",
  "deflate-raw",
  "identity",
  "unknown-coding",
  "repeated-headers",
];

const SEEN = [
  ...PLAIN.map((name) =>
    show(
      name,
      `[(r.status_code, r.reason, r.text, r.encoding, len(r.content), r.ok) for r in [requests.get(url + '/${name}')]]`,
    ),
  ),
  ...["json", "json-latin1", "json-utf16", "json-list", "bytes-utf8", "gzip", "json-number"].map((name) =>
    show(`json() of ${name}`, `requests.get(url + '/${name}').json()`),
  ),
  ...[200, 201, 301, 304, 400, 404, 418, 500, 503, 599, 600, 999].map((status) =>
    show(
      `status ${status}`,
      `[[r.status_code, r.reason, r.ok, bool(r), repr(r), r.is_redirect, r.is_permanent_redirect] for r in [requests.get(url + '/status/${status}')]]`,
    ),
  ),
  ...[400, 404, 500, 599].map((status) =>
    fail(`raise_for_status of ${status}`, `requests.get(url + '/status/${status}?a=b').raise_for_status()`, true),
  ),
  show("raise_for_status of 200", "requests.get(url + '/status/200').raise_for_status()"),
  ok(
    "headers whatever the case",
    "h = requests.get(url + '/repeated-headers').headers\nresult = [h['x-one'], h.get('X-ONE'), 'x-One' in h, h.get('nope'), h.get('nope', 1), sorted(n for n in h if n.startswith('X'))]",
  ),
  ok(
    "cookies of a response",
    "c = requests.get(url + '/set-cookies').cookies\nresult = [c.get('a'), c['b'], 'a' in c, 'gone' in c, c.get('nope'), sorted(c.keys()), dict(c), c.get_dict(), len(c), sorted(k.name for k in c)]",
  ),
  ok(
    "what was sent",
    "r = requests.post(url + '/echo?x=1', data={'a': 'b'}, headers={'X-A': '1'}).request\nresult = [r.method, r.url, r.path_url, r.body, r.headers['x-a'], r.headers['content-length'], r.headers['Content-Type']]",
  ),
  show("the body of json", "requests.post(url + '/echo', json={'a': 1}).request.body.decode()"),
  show("links", "requests.get(url + '/links').links"),
  show("iter_content", "[c.decode() for c in requests.get(url + '/lines').iter_content(4)]"),
  show("iter_lines", "[c.decode() for c in requests.get(url + '/lines').iter_lines()]"),
  show("iter_lines as text", "list(requests.get(url + '/lines').iter_lines(decode_unicode=True))"),
  show(
    "iter_lines by a text of one's own",
    "[c.decode() for c in requests.get(url + '/lines').iter_lines(delimiter=b'\\n')]",
  ),
  show("iter_lines of nothing", "list(requests.get(url + '/empty').iter_lines(delimiter='\\n'))"),
  show("elapsed", "requests.get(url + '/echo').elapsed.total_seconds() > 0"),
  show("the url", "requests.get(url + '/echo', params={'a': 'x y'}).url"),
  show("the url of a path with letters", "requests.get(url + '/echo/ü x').url"),
  show("the url with a fragment", "requests.get(url + '/echo?a=1#part').url"),
  show("head of a redirect", "[[r.status_code, r.url, r.text] for r in [requests.head(url + '/to/302/echo')]]"),
  show("json with arguments", "requests.get(url + '/json-number').json(parse_float=str)"),
  show("closing", "requests.get(url + '/echo').close()"),
];

const followed = (call: string) =>
  `r = ${call}\nresult = [r.status_code, r.url, r.request.method, [[h.status_code, h.url] for h in r.history], len(r.text) > 0]`;

const REDIRECTED = [
  ...[301, 302, 303, 307, 308].flatMap((status) =>
    ["get", "post", "put", "delete", "head"].map((method) =>
      ok(
        `${method} redirected by ${status}`,
        followed(
          `requests.request('${method}', url + '/to/${status}/echo', allow_redirects=True${method === "post" || method === "put" ? ", data={'a': 1}" : ""})`,
        ),
      ),
    ),
  ),
  ok("a chain", followed("requests.get(url + '/chain/5')")),
  fail("an endless chain", "requests.get(url + '/chain/99')", true),
  ok(
    "a redirect that is not followed",
    `${followed("requests.get(url + '/to/302/echo', allow_redirects=False)")}\nresult.append([r.is_redirect, r.next.url, r.next.method])`,
  ),
  ok("a redirect without a place", followed("requests.get(url + '/status/302')")),
  ok("a redirect to an empty place", `${followed("requests.get(url + '/to/302')")}\nresult.append(r.is_redirect)`),
  ok("a redirect to a relative place", followed("requests.get(url + '/relative/place')")),
  ok("a redirect with blanks and letters", followed("requests.get(url + '/strange-place')")),
  ok("a redirect keeps the fragment", followed("requests.get(url + '/to/302/echo#part')")),
  ok("a redirect keeps the credentials on one host", followed("requests.get(url + '/to/302/echo', auth=('u', 'p'))")),
  ok(
    "a redirect drops the credentials on another host",
    followed("requests.get(url + '/elsewhere', auth=('u', 'p'), headers={'X-Kept': '1'})"),
  ),
  ok("a redirect keeps the params of the place only", followed("requests.get(url + '/to/302/echo', params={'a': 1})")),
  ok("a redirect with cookies set on the way", followed("requests.get(url + '/cookie-and-go')")),
  ok("a redirect with cookies of one's own", followed("requests.get(url + '/to/302/echo', cookies={'own': '1'})")),
  ok("a redirect of json by 307", followed("requests.post(url + '/to/307/echo', json={'a': 1})")),
  ok("a redirect of json by 302", followed("requests.post(url + '/to/302/echo', json={'a': 1})")),
  fail("a redirect to another scheme", "requests.get(url + '/to-ftp')", true),
];

const FAILED = [
  fail("no scheme", "requests.get('example.com/x')"),
  fail("an unknown scheme", "requests.get('ftp://example.com/x')", true),
  fail("a scheme that begins like http", "requests.get('httpx://example.com/x')", true),
  fail("no host", "requests.get('http://')", true),
  fail("no host but a path", "requests.get('http:///path')", true),
  fail("a host that begins with a dot", "requests.get('http://.example.com')"),
  fail("a host with a star", "requests.get('http://*.example.com')"),
  fail("a port that is none", "requests.get('http://example.com:port/')"),
  fail("a port that is too large", "requests.get('http://example.com:99999/')"),
  fail("an empty URL", "requests.get('')"),
  fail("a host and a port without a scheme", "requests.get('localhost:8080/x')", true),
  fail("nobody listens", "requests.get('http://127.0.0.1:1/')"),
  fail("an unknown host", "requests.get('http://nobody.invalid/')"),
  fail("nothing comes", "requests.get(url + '/delay/5', timeout=0.3)"),
  fail("nothing comes in the second time", "requests.get(url + '/delay/5', timeout=(5, 0.3))"),
  fail("the server hangs up", "requests.post(url + '/hang-up')"),
  fail("the response breaks off", "requests.get(url + '/break-off')"),
  fail("broken gzip", "requests.get(url + '/broken-gzip')"),
  fail("no TLS", "requests.get(url.replace('http:', 'https:'))"),
  fail("no JSON", "requests.get(url + '/text-utf8').json()", true),
  fail("no JSON at all", "requests.get(url + '/empty').json()", true),
  ok(
    "where JSON is broken",
    "try:\n  requests.get(url + '/broken-json').json()\nexcept ValueError as e:\n  result = [e.msg, e.pos, e.lineno, e.colno, str(e)]",
  ),
  fail("a header with a line break", "requests.get(url, headers={'X-A': 'a\\nb'})"),
  fail("a header with a blank at its start", "requests.get(url, headers={'X-A': ' a'})"),
  fail("a header name with a line break", "requests.get(url, headers={'X\\nA': 'a'})"),
  fail("a header that is a number", "requests.get(url, headers={'X-A': 1})"),
  fail("json that is none", "requests.post(url, json={'a': float('nan')})"),
  fail("json of a set", "requests.post(url, json={1, 2})"),
  fail("a timeout of 0", "requests.get(url, timeout=0)", true),
  fail("a timeout that is no number", "requests.get(url, timeout='soon')"),
  fail("three timeouts", "requests.get(url, timeout=(1, 2, 3))"),
  fail("text beside files", "requests.post(url, data='x', files={'f': 'y'})"),
  fail("params that are a number", "requests.get(url, params=5)"),
  ok(
    "the response of an HTTPError",
    "try:\n  requests.get(url + '/status/404').raise_for_status()\nexcept Exception as e:\n  result = [e.response.status_code, e.request.method, e.response.text]",
  ),
];

export const REQUESTS_CASES: readonly RequestsCase[] = [...SENT, ...SEEN, ...REDIRECTED, ...FAILED];
