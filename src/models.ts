import { ModelRegistry } from "./records/model.ts";
import { keyModel } from "./tower/keys/key.model.ts";
import { userModel } from "./users/user.model.ts";
import { webhookAuthenticatorModel } from "./webhooks/webhook-authenticator.model.ts";
import { webhookModel } from "./webhooks/webhook.model.ts";

/** Every model there is. */
export const models = new ModelRegistry([userModel, keyModel, webhookAuthenticatorModel, webhookModel]);
