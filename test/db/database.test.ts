import { describeDatabase } from "../contract/database.ts";
import { describeConfiguration } from "../contract/database-configuration.ts";
import { describeEachDatabase } from "../support/databases.ts";

describeEachDatabase(({ dialect, openFreshDatabase }) => {
  describeDatabase(dialect, () => openFreshDatabase());
  describeConfiguration(dialect, openFreshDatabase);
});
