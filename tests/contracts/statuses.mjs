// Answers that no tool asks for by itself: a token in the address, an address without its slash, pages for browsers, and
// what is answered before an address is looked at. Each must be described by `openapi.json` for its operation.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { here, read } from "./files.mjs";
import { check } from "./report.mjs";

const binary = process.env.ROOMCAST_BIN ?? join(here, "../../target/debug/roomcast");
const SECRET = "a-secret-of-this-test-alone-32-bytes-or-more";
const BOUND_MS = 20_000;

const PLAYLIST = "/live/{rid}/{playlistId}/playlist.m3u8";

/** @param token one that plays in the room `demo` */
const requests = (token) => [
  { path: PLAYLIST, head: `GET /live/demo/main/playlist.m3u8?access_token=${token} HTTP/1.1`, status: 302, header: "location" },
  { path: PLAYLIST, head: `HEAD /live/demo/main/playlist.m3u8?access_token=${token} HTTP/1.1`, status: 302, header: "location" },
  { path: PLAYLIST, head: "GET /live/demo/main/playlist.m3u8 HTTP/1.1", status: 401 },
  { path: "/schema", head: "GET /schema HTTP/1.1", status: 308, header: "location" },
  { path: "/schema/", head: "GET /schema/ HTTP/1.1\r\nAccept: text/html", status: 200, type: "text/html" },
  { path: "/schema/{file}", head: "GET /schema/other.json HTTP/1.1", status: 404, type: "text/plain" },
  { path: "/schema/{file}", head: "GET /schema/other.json HTTP/1.1\r\nAccept: text/html", status: 404, type: "text/html" },
  ...["/healthz", "/schema/", "/ws"].flatMap((path) => [
    { path, head: `GET ${path} HTTP/9`, status: 400 },
    { path, head: `GET ${path} HTTP/1.1\r\nX-Long: ${"x".repeat(200_000)}`, status: 431 },
    { path, head: `GET ${path} HTTP/1.1\r\n${"X-Many: 1\r\n".repeat(120)}X-Last: 1`, status: 431 },
    { path, head: `GET ${path} HTTP/1.1`, isOpen: true, status: 408 },
  ]),
];

async function start() {
  const flags = ["serve", "--listen", "127.0.0.1:0", "--auth-secret", SECRET, "--request-timeout", "1s"];
  const child = spawn(binary, flags, { stdio: ["ignore", "ignore", "pipe"] });
  const lines = createInterface({ input: child.stderr });
  const port = await new Promise((resolve, reject) => {
    lines.on("line", (line) => {
      const found = /listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(line);
      if (found) resolve(Number(found[1]));
    });
    child.once("exit", () => reject(new Error("the server did not start")));
  });
  return { child, port };
}

/** Sends a head as it is, its end only where it is to have one; the head of the answer, as text. */
async function ask(port, { head, isOpen = false }) {
  const socket = connect(port, "127.0.0.1");
  socket.setEncoding("utf8").setTimeout(BOUND_MS, () => socket.destroy(new Error("no answer")));
  // A server that has answered need not read the rest.
  socket.on("error", () => {});
  socket.write(`${head}\r\nHost: localhost\r\n${isOpen ? "" : "Connection: close\r\n\r\n"}`);
  let text = "";
  socket.on("data", (more) => {
    text += more;
    if (text.includes("\r\n\r\n")) socket.destroy();
  });
  await once(socket, "close");
  return text.split("\r\n\r\n")[0];
}

/** A sentence about an answer that is wrong; else undefined. */
function judge(document, { path, head, status, header, type }, answer) {
  const [first, ...lines] = answer.split("\r\n");
  const headers = new Map(lines.map((line) => [line.split(":")[0].toLowerCase(), line.replace(/^[^:]*: */, "")]));
  if (Number(first?.split(" ")[1]) !== status) return `${first}, not ${status}`;
  const method = head.split(" ")[0].toLowerCase();
  const named = document.paths[path][method].responses[status];
  if (named === undefined) return `${status} is not described`;
  const response = named.$ref === undefined ? named : named.$ref.slice(2).split("/").reduce((part, name) => part[name], document);
  if (header !== undefined && !headers.has(header)) return `there is no ${header}`;
  const described = Object.keys(response.headers ?? {}).map((name) => name.toLowerCase());
  if (header !== undefined && !described.includes(header)) return `${header} is not described`;
  const has = headers.get("content-type")?.split(";")[0];
  if (type !== undefined && has !== type) return `${has}, not ${type}`;
  const types = Object.keys(response.content ?? {});
  if (method !== "head" && has !== undefined && !types.includes(has)) return `${has} is not described: ${types}`;
  return undefined;
}

async function answers() {
  const document = read("openapi.json");
  const flags = ["token", "--auth-secret", SECRET, "--user", "ann", "--room", "demo", "--grant", "play", "--ttl", "60s"];
  const token = execFileSync(binary, flags, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  const { child, port } = await start();
  try {
    const all = requests(token);
    const told = await Promise.all(all.map(async (request) => judge(document, request, await ask(port, request))));
    const wrong = all.flatMap(({ head }, index) => (told[index] ? [`${head.slice(0, 60)}: ${told[index]}`] : []));
    if (wrong.length > 0) throw new Error(wrong.join("\n"));
    return `${all.length} answers are described`;
  } finally {
    child.kill("SIGTERM");
    await once(child, "exit");
  }
}

export async function statuses() {
  await check("unusual answers", answers);
}
