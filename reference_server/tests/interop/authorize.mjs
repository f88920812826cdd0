// An official TypeScript client that knows nothing but an endpoint's URL, up to a tool's answer.
// usage: node authorize.mjs v1|v2-legacy|v2-stateless URL REDIRECT_URI [CLIENT_ID]
// Prints the URL that a browser is to open, as a line of JSON; reads the URL that the browser was
// then sent to, as a line; prints what was found, as a line of JSON.
import { createInterface } from "node:readline/promises";

const [, , kind, url, redirect, clientId] = process.argv;
const info = { name: "hallmark-interop", version: "1.0.0" };
const isFirst = kind === "v1";
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function official() {
  if (isFirst) {
    const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
    const { StreamableHTTPClientTransport } = await import(
      "@modelcontextprotocol/sdk/client/streamableHttp.js"
    );
    return { newClient: () => new Client(info), StreamableHTTPClientTransport };
  }
  const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
  const mode = kind === "v2-stateless" ? { pin: "2026-07-28" } : "legacy";
  const newClient = () => new Client(info, { versionNegotiation: { mode } });
  return { newClient, StreamableHTTPClientTransport };
}

// Keeps what a client is told, each under its own name.
class Memory {
  redirectUrl = redirect;
  clientMetadata = {
    client_name: "An official client",
    redirect_uris: [redirect],
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
  };
  clientMetadataUrl = clientId?.startsWith("https://") ? clientId : undefined;
  kept = { client: clientId && !this.clientMetadataUrl ? { client_id: clientId } : undefined };
  state() {
    return (this.kept.state ??= crypto.randomUUID());
  }
  clientInformation() {
    return this.kept.client;
  }
  saveClientInformation(client) {
    this.kept.client = client;
  }
  tokens() {
    return this.kept.tokens;
  }
  saveTokens(tokens) {
    this.kept.tokens = tokens;
  }
  codeVerifier() {
    return this.kept.verifier;
  }
  saveCodeVerifier(verifier) {
    this.kept.verifier = verifier;
  }
  discoveryState() {
    return this.kept.discovery;
  }
  saveDiscoveryState(found) {
    this.kept.discovery = found;
  }
  redirectToAuthorization(page) {
    console.log(JSON.stringify({ open: String(page) }));
  }
}

const { newClient, StreamableHTTPClientTransport } = await official();
const memory = new Memory();
const transport = () =>
  new StreamableHTTPClientTransport(new URL(url), { authProvider: memory });
const found = {};
try {
  const first = transport();
  try {
    await newClient().connect(first);
  } catch (error) {
    if (!/unauthorized/i.test(`${error?.name} ${error?.message}`)) throw error;
    const { value: back } = await lines.next();
    const answer = new URL(back).searchParams;
    if (answer.get("state") !== memory.kept.state) throw new Error("another state came back");
    await (isFirst ? first.finishAuth(answer.get("code")) : first.finishAuth(answer));
  }
  const client = newClient();
  await client.connect(transport());
  found.ping = await client.callTool({ name: "ping", arguments: {} });
  found.scope = memory.kept.tokens?.scope;
  found.client = memory.kept.client;
  await client.close();
} catch (error) {
  found.error = String(error?.stack ?? error);
}
console.log(JSON.stringify(found));
process.exit(0);
