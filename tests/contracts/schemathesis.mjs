// Requests made from `openapi.json` at random, for so many seconds: no answer is undocumented, none is 500.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { here, run, schemaFolder } from "./files.mjs";
import { check } from "./report.mjs";

const binary = process.env.ROOMCAST_BIN ?? join(here, "../../target/debug/roomcast");

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Waits until the server answers. */
async function ready(url) {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the server does not answer");
}

async function requests(seconds) {
  const url = `http://127.0.0.1:${await freePort()}`;
  const server = spawn(binary, ["serve", "--listen", url.slice("http://".length)], { stdio: "ignore" });
  try {
    await ready(url);
    const program = join(here, ".venv/bin/schemathesis");
    const options = ["--max-time", String(seconds), "--continue-on-failure", "--suppress-health-check", "filter_too_much", "--phases", "examples,coverage,fuzzing"];
    const said = run(program, ["--config-file", join(here, "schemathesis.toml"), "run", join(schemaFolder, "openapi.json"), "--url", url, ...options, "--no-color"]);
    const counted = /\d+ generated[^\n]*/.exec(said);
    if (counted === null) throw new Error(said);
    return counted[0];
  } finally {
    server.kill();
  }
}

export async function schemathesis(seconds) {
  await check("schemathesis", () => requests(seconds));
}
