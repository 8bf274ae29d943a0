import type { Kysely } from "kysely";
import type { Tables } from "../db/schema.ts";

/** What the route table is made of, in one query: a webhook with its authenticator and user. */
export async function readRouteRows(db: Kysely<Tables>) {
  return db
    .selectFrom("webhooks")
    .innerJoin("webhook_authenticators as authenticator", "authenticator.id", "webhooks.authenticator_id")
    .innerJoin("users as user", "user.id", "webhooks.user_id")
    .select([
      "webhooks.id as webhookId",
      "webhooks.reference as reference",
      "webhooks.endpoint as endpoint",
      "webhooks.method as method",
      "webhooks.active as active",
      "webhooks.content_type as payloadType",
      "webhooks.code as code",
      "authenticator.id as authenticatorId",
      "authenticator.reference as authenticatorReference",
      "authenticator.code as authenticatorCode",
      "authenticator.allowed_ip_addresses as allowedAddresses",
      "authenticator.trusted_proxy_ips as trustedProxies",
      "user.id as userId",
      "user.login as userLogin",
      "user.name as userName",
      "user.email as userEmail",
      "user.group as userGroup",
      "user.active as userActive",
    ])
    .execute();
}

export type RouteRow = Awaited<ReturnType<typeof readRouteRows>>[number];
