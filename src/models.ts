import { ModelRegistry } from "./records/model.ts";
import { commandLogModel } from "./tower/commands/command-log.model.ts";
import { commandModel } from "./tower/commands/command.model.ts";
import { fileTemplateModel } from "./tower/files/file-template.model.ts";
import { fileModel } from "./tower/files/file.model.ts";
import { keyValueModel } from "./tower/keys/key-value.model.ts";
import { keyModel } from "./tower/keys/key.model.ts";
import { planLineActionModel } from "./tower/plans/plan-line-action.model.ts";
import { planLineModel } from "./tower/plans/plan-line.model.ts";
import { planLogModel } from "./tower/plans/plan-log.model.ts";
import { planModel } from "./tower/plans/plan.model.ts";
import { scheduledTaskModel } from "./tower/schedule/scheduled-task.model.ts";
import { osModel } from "./tower/servers/os.model.ts";
import { serverLogModel } from "./tower/servers/server-log.model.ts";
import { serverTemplateModel } from "./tower/servers/server-template.model.ts";
import { serverModel } from "./tower/servers/server.model.ts";
import { shortcutModel } from "./tower/servers/shortcut.model.ts";
import { tagModel } from "./tower/tags/tag.model.ts";
import { variableOptionModel } from "./tower/variables/variable-option.model.ts";
import { variableValueModel } from "./tower/variables/variable-value.model.ts";
import { variableModel } from "./tower/variables/variable.model.ts";
import { userModel } from "./users/user.model.ts";
import { webhookAuthenticatorModel } from "./webhooks/webhook-authenticator.model.ts";
import { webhookModel } from "./webhooks/webhook.model.ts";

/** Every model there is. */
export const models = new ModelRegistry([
  userModel,
  tagModel,
  osModel,
  keyModel,
  keyValueModel,
  variableModel,
  variableOptionModel,
  variableValueModel,
  fileTemplateModel,
  fileModel,
  commandModel,
  commandLogModel,
  planModel,
  planLineModel,
  planLineActionModel,
  planLogModel,
  scheduledTaskModel,
  shortcutModel,
  serverLogModel,
  serverTemplateModel,
  serverModel,
  webhookAuthenticatorModel,
  webhookModel,
]);
