import { Client } from "pg";

const POSTGRES_URL = process.env["HOOKTOWER_TEST_POSTGRES"] ?? "postgres://root@127.0.0.1:5432/postgres";

/** An empty database where the tests make theirs; `await using` removes it. */
export async function createPostgresDatabase(): Promise<AsyncDisposable & { readonly url: string }> {
  const name = `hooktower_bench_${process.pid}`;
  const url = new URL(POSTGRES_URL);
  const administer = async (statement: string) => {
    const client = new Client({ connectionString: POSTGRES_URL });
    await client.connect();
    await client.query(statement);
    await client.end();
  };
  await administer(`create database ${name}`);
  url.pathname = `/${name}`;
  return { url: url.href, [Symbol.asyncDispose]: () => administer(`drop database ${name} with (force)`) };
}
