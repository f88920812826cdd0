// Drives a server with one of the official TypeScript clients and prints what it got, as JSON.
// usage: node converse.mjs v1|v2-legacy|v2-stateless URL KEY

const [, , kind, url, key] = process.argv;

async function connect() {
  const headers = { "X-Api-Key": key };
  const options = { requestInit: { headers } };
  const info = { name: "hallmark-interop", version: "1.0.0" };
  if (kind === "v1") {
    const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
    const { StreamableHTTPClientTransport } = await import(
      "@modelcontextprotocol/sdk/client/streamableHttp.js"
    );
    const client = new Client(info);
    await client.connect(new StreamableHTTPClientTransport(new URL(url), options));
    return client;
  }
  const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
  const mode = kind === "v2-stateless" ? { pin: "2026-07-28" } : "legacy";
  const client = new Client(info, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), options));
  return client;
}

try {
  const client = await connect();
  const { tools } = await client.listTools();
  const ping = await client.callTool({ name: "ping", arguments: {} });
  const metrics = await client.callTool({ name: "list_metrics", arguments: {} });
  const failed = await client.callTool({ name: "raise_error", arguments: { message: "inside" } });
  await client.close();
  console.log(
    JSON.stringify({ tools: tools.map((tool) => tool.name), ping, metrics, failed }),
  );
} catch (error) {
  console.log(JSON.stringify({ error: String(error?.message ?? error) }));
}
