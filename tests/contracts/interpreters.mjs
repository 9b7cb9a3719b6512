// The state machine, run by the published interpreters: driven by the JSON alone, they must pass every trace.

import { join } from "node:path";
import { fresh, here, read, run, schemaFolder } from "./files.mjs";
import { tableIsTold } from "./mutants.mjs";
import { check } from "./report.mjs";

const PYTHON = `
import json, sys
folder = sys.argv[1]
sys.path.insert(0, folder + "/interpreters")
from state_machine import delays, mismatches
table = json.load(open(folder + "/state-machine.json"))
vectors = json.load(open(folder + "/vectors/state-machine.json"))
traces, cases = vectors["traces"], vectors["delays"]
wrong = [(trace["name"], mismatches(table, trace)[0]) for trace in traces if mismatches(table, trace)]
if wrong: sys.exit("\\n".join(map(str, wrong)))
late = [case for case, delay in zip(cases, delays(table, cases)) if abs(delay - case["delay"]) > 0.001]
if late or not cases: sys.exit(f"delays: {late}")
table["moves"] = [move for move in table["moves"] if move["from"] != "joined"]
if not any(mismatches(table, trace) for trace in traces): sys.exit("a broken table passes")
print(f"{len(traces)} traces, {sum(len(trace['steps']) for trace in traces)} steps")
`;

/** The published interpreter, compiled. */
function compiled() {
  const folder = fresh("interpreters");
  const source = join(schemaFolder, "interpreters/state_machine.ts");
  const flags = ["--target", "es2022", "--module", "es2022", "--strict", "--ignoreConfig", "--outDir", folder];
  run(join(here, "node_modules/.bin/tsc"), [source, ...flags]);
  return import(join(folder, "state_machine.js"));
}

async function typescript() {
  const { delays, mismatches } = await compiled();
  const table = read("state-machine.json");
  const { traces, delays: cases } = read("vectors/state-machine.json");
  const wrong = traces.filter((trace) => mismatches(table, trace).length > 0);
  if (wrong.length > 0) throw new Error(wrong.map((trace) => trace.name).join("\n"));
  const late = delays(table, cases).filter((delay, index) => Math.abs(delay - cases[index].delay) > 0.001);
  if (late.length > 0 || cases.length === 0) throw new Error(`delays: ${late}`);
  table.moves = table.moves.filter((move) => move.from !== "joined");
  if (!traces.some((trace) => mismatches(table, trace).length > 0)) throw new Error("a broken table passes");
  return `${traces.length} traces, ${traces.reduce((sum, trace) => sum + trace.steps.length, 0)} steps`;
}

export async function interpreters() {
  await check("typescript interpreter", typescript);
  await check("broken tables", async () => tableIsTold(await compiled()));
  await check("python interpreter", () => run(join(here, ".venv/bin/python"), ["-c", PYTHON, schemaFolder]).trim());
}
