import { createHmac } from "node:crypto";

/** The work of the benchmark: a push as GitHub sends it (1.2 KB), verified in Python and answered. */
export const SECRET = "It's a Secret to Everybody";

export const AUTHENTICATOR_CODE = `secret = #!cxtower.secret.BENCH_GITHUB!#
signature = headers.get("X-Hub-Signature-256")
if not signature:
    result = {"allowed": False, "http_code": 401, "message": "Missing signature"}
else:
    digest = hmac.new(secret.encode("utf-8"), raw_data, hashlib.sha256).hexdigest()
    if hmac.compare_digest("sha256=" + digest, signature):
        result = {"allowed": True}
    else:
        result = {"allowed": False, "http_code": 401, "message": "Invalid signature"}
`;

export const WEBHOOK_CODE = `branch = payload["ref"].split("/")[-1]
repository = payload["repository"]["full_name"]
result = {"exit_code": 0, "message": "deploying %s@%s" % (repository, branch)}
`;

const push = {
  ref: "refs/heads/main",
  before: "9c1f3b6a0d5e4c7f8a2b1d0e6f7a8b9c0d1e2f3a",
  after: "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
  repository: {
    id: 186853002,
    name: "site",
    full_name: "acme/site",
    private: true,
    owner: { name: "acme", email: "ops@acme.example", id: 21031067, type: "Organization" },
    html_url: "https://git.example/acme/site",
    default_branch: "main",
  },
  pusher: { name: "ada", email: "ada@acme.example" },
  sender: { login: "ada", id: 21031067, type: "User" },
  forced: false,
  compare: "https://git.example/acme/site/compare/9c1f3b6a0d5e...1a2b3c4d5e6f",
  commits: [
    {
      id: "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
      tree_id: "f9d2a07e9488b91af2641b26b9407fe22a451433",
      message: "Serve the start page from the cache and say so in the headers",
      timestamp: "2026-11-24T10:15:00+01:00",
      author: { name: "Ada", email: "ada@acme.example", username: "ada" },
      added: [],
      removed: [],
      modified: ["server/cache.ts", "server/headers.ts", "docs/cache.md"],
    },
    {
      id: "7c0d9e8f1a2b3c4d5e6f708192a3b4c5d6e7f809",
      message: "Note the new header in the guide",
      timestamp: "2026-11-24T10:20:00+01:00",
      author: { name: "Ada", email: "ada@acme.example", username: "ada" },
      added: ["docs/headers.md"],
      removed: [],
      modified: [],
    },
  ],
};

export const BODY = JSON.stringify(push);

/** The whole request as bytes. */
export function makeRequest(path: string, port: number): Buffer {
  const signature = createHmac("sha256", SECRET).update(BODY).digest("hex");
  const lines = [
    `POST ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    "User-Agent: GitHub-Hookshot/044aadd",
    "Accept: */*",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(BODY)}`,
    "X-GitHub-Event: push",
    "X-GitHub-Delivery: 72d3162e-cc78-11e3-81ab-4c9367dc0958",
    `X-Hub-Signature-256: sha256=${signature}`,
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${BODY}`);
}
