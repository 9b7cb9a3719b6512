// A client in Java, written from the published folder alone, against real servers: one that is open, and one with a
// key. It shows that the folder is enough, and that the server is what the folder says.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { fresh, here, isHere, run, schemaFolder } from "./files.mjs";
import { check, skip } from "./report.mjs";

const server = process.env.ROOMCAST_BIN ?? join(here, "../../target/debug/roomcast");
const SECRET = "a-secret-of-this-test-alone-32-bytes-or-more";
/** Jackson, as Debian installs it. */
const libraries = ["core", "databind", "annotations"].map((part) => `/usr/share/java/jackson-${part}.jar`);
/** After so long it hangs: on a quiet machine it takes a tenth. */
const BOUND_MS = 240_000;

function compile() {
  const classes = fresh("java");
  const sources = ["src", "test"].flatMap((part) => {
    const folder = join(here, "java", part, "io/roomcast/client");
    return readdirSync(folder).map((name) => join(folder, name));
  });
  const flags = ["-J-XX:TieredStopAtLevel=1", "-Xlint:all,-processing", "-Werror", "--release", "17"];
  run("javac", [...flags, "-d", classes, "-cp", libraries.join(":"), ...sources]);
  return [classes, ...libraries].join(":");
}

/** Starts a server on a free port; its address, and how it is stopped. */
async function start(flags) {
  const child = spawn(server, ["serve", "--listen", "127.0.0.1:0", ...flags], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(child, "exit");
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
  };
  const printed = [];
  const address = await new Promise((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      printed.push(line);
      const found = /listening on (http:\S+)/.exec(line);
      if (found) resolve(found[1]);
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(printed.join("\n"))));
  });
  return { address, stop };
}

async function converse(classes) {
  const servers = [];
  try {
    servers.push(await start([]));
    servers.push(await start(["--auth-secret", SECRET, "--auth-grace", "1s", "--auth-leeway", "1s"]));
    const addresses = servers.map(({ address }) => address);
    const args = ["-cp", classes, "io.roomcast.client.RoomcastTests", schemaFolder, ...addresses, SECRET];
    const { stdout } = await promisify(execFile)("java", args, { timeout: BOUND_MS, killSignal: "SIGKILL", maxBuffer: 1 << 26 });
    return stdout.trim();
  } catch (error) {
    throw new Error(`${error.killed ? `no end after ${BOUND_MS} ms\n` : ""}${error.stdout ?? ""}${error.stderr ?? error.message}`);
  } finally {
    await Promise.all(servers.map(({ stop }) => stop()));
  }
}

export async function java() {
  const missing = !isHere("javac", "-version") || libraries.some((path) => !existsSync(path));
  // `make tools` installs both where that is permitted, as in CI.
  if (missing && !process.env.CI) skip("java client", "no JDK or no Jackson on this machine");
  else await check("java client", () => converse(compile()));
}
