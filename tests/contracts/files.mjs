// Where the published schema is, and how other programs are run.

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const here = dirname(fileURLToPath(import.meta.url));
export const schemaFolder = join(here, "../../schema");
export const withVectors = ["client-messages", "server-messages", "data-signals", "data-answers"];
/** Documents that have a schema, by the name of the schema. */
export const described = {
  codes: "codes.json",
  limits: "limits.json",
  "state-machine": "state-machine.json",
  "state-machine-traces": "vectors/state-machine.json",
  sequences: "vectors/sequences.json",
  media: "vectors/media.json",
  playlists: "vectors/playlists.json",
  exchanges: "vectors/exchanges.json",
};
export const schemas = [...withVectors, "access-token", ...Object.keys(described)];

export const read = (path) => JSON.parse(readFileSync(join(schemaFolder, path), "utf8"));

/** An empty folder below `generated/`. */
export function fresh(name) {
  const folder = join(here, "generated", name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Runs a program to its end; throws what it said when it fails. */
export function run(program, args, options = {}) {
  const done = spawnSync(program, args, { cwd: here, encoding: "utf8", maxBuffer: 1 << 26, ...options });
  if (done.error) throw done.error;
  if (done.status !== 0) throw new Error(`${program} ${args[0]} ended with ${done.status}\n${done.stdout}${done.stderr}`);
  return done.stdout;
}

/** Whether a program is on this machine. */
export const isHere = (program, ...args) => spawnSync(program, args, { stdio: "ignore" }).status === 0;
