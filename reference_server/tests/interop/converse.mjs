// Drives a server with one of the official TypeScript clients and prints what it got, as JSON.
// usage: node converse.mjs v1|v2-legacy|v2-stateless URL [NAME VALUE], a field of each request

const [, , kind, url, name, value] = process.argv;
const info = { name: "hallmark-interop", version: "1.0.0" };
const found = { statuses: [] };

async function watchedFetch(...words) {
  const response = await fetch(...words);
  found.statuses.push(response.status);
  return response;
}

async function official() {
  if (kind === "v1") {
    const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
    const { StreamableHTTPClientTransport } = await import(
      "@modelcontextprotocol/sdk/client/streamableHttp.js"
    );
    return { client: new Client(info), StreamableHTTPClientTransport };
  }
  const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
  const mode = kind === "v2-stateless" ? { pin: "2026-07-28" } : "legacy";
  const client = new Client(info, { versionNegotiation: { mode } });
  return { client, StreamableHTTPClientTransport };
}

async function converse({ client, StreamableHTTPClientTransport }) {
  const headers = name ? { [name]: value } : {};
  const options = { requestInit: { headers }, fetch: watchedFetch };
  const transport = new StreamableHTTPClientTransport(new URL(url), options);
  await client.connect(transport);
  found.revision = client.getNegotiatedProtocolVersion?.() ?? transport.protocolVersion;
  found.tools = (await client.listTools()).tools.map((tool) => tool.name);
  found.ping = await client.callTool({ name: "ping", arguments: {} });
  found.metrics = await client.callTool({ name: "list_metrics", arguments: {} });
  found.failed = await client.callTool({ name: "raise_error", arguments: { message: "inside" } });
  await client.close();
}

// A client that cannot be loaded ends the process with an error; a refusal is an answer.
const parts = await official();
try {
  await converse(parts);
} catch (error) {
  found.error = String(error?.message ?? error);
}
console.log(JSON.stringify(found));
