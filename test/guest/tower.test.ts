import { expect, it } from "vitest";
import { startEchoServer } from "../support/echo-server.ts";
import { startTestTower } from "../support/tower.ts";

it("a tower keeps programs from what is private, and says which setting lets them", async () => {
  await using echo = await startEchoServer();
  await using tower = await startTestTower();
  const { endpoint } = await tower.addWebhook({ code: `requests.get("${echo.url}/")` });
  const answer = await tower.call(endpoint);
  expect(answer.status).toBe(500);
  expect((await tower.logOf(answer)).error_message).toContain(
    "ConnectionError: 127.0.0.1 is a loopback address; HOOKTOWER_EGRESS_ALLOW_PRIVATE or HOOKTOWER_EGRESS_ALLOW permits it",
  );
});

it("webhooks and authenticators reach what is allowed", async () => {
  await using echo = await startEchoServer();
  await using tower = await startTestTower({
    HOOKTOWER_EGRESS_ALLOW: "127.0.0.1",
    HOOKTOWER_EGRESS_MAX_RESPONSE_BYTES: "2048",
  });
  await tower.addSecret("TOKEN", "s3cret-token-value");
  const post = `requests.post("${echo.url}/in", json=payload, headers={"X-Token": #!cxtower.secret.TOKEN!#})`;
  const { endpoint } = await tower.addWebhook({
    authenticator: `result = {"allowed": ${post}.json()["headers"]["x-token"] == #!cxtower.secret.TOKEN!#}`,
    code: `r = ${post}\nresult = {"exit_code": 0, "message": [r.json()["json"], r.json()["headers"]["x-token"]]}`,
  });
  expect((await tower.call(endpoint, { body: '{"a": [1]}' })).message).toEqual([{ a: [1] }, "*****"]);

  const large = await tower.call(endpoint, { body: JSON.stringify("x".repeat(2000)) });
  expect(large.status).toBe(403);
  expect((await tower.logOf(large)).error_message).toContain("larger than 2048 bytes");
});
