import Fastify from "fastify";

/** The ceiling: Fastify answering a parsed JSON body and doing nothing else. Prints its port. */
const app = Fastify();
app.post("/", (request) => ({ message: (request.body as { ref: string }).ref }));
await app.listen({ host: "127.0.0.1", port: 0 });
const address = app.server.address();
process.stdout.write(`${typeof address === "object" && address ? address.port : 0}\n`);
