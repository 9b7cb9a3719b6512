// Sequences of messages, run by the published interpreters, and by interpreters that forget a rule.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fresh, here, read, run, schemaFolder } from "./files.mjs";
import { check } from "./report.mjs";

/** Rules, each in the words of the one interpreter and of the other; without it some sequence must fail. */
const RULES = [
  ["Math.min(this.highest ?? 0, b.sq)", "this.highest"],
  ["min(self.highest or 0, body[\"sq\"])", "self.highest"],
  ["message.n > highest ?", "true ?"],
  ["if n > highest else", "if True else"],
  ["this.last = Math.max(this.last, n);", ""],
  ["self.last = max(self.last, n)", "pass"],
  ["this.goOn(this.kept);", "this.goOn([]);"],
  ["self.go_on(self.kept)", "self.go_on([])"],
  ["new TextEncoder().encode(JSON.stringify(message)).length", "JSON.stringify(message).length"],
  ["ensure_ascii=False).encode())", "ensure_ascii=False))"],
  ["!fits(b[member])", "!(member in b)"],
  ["all(fits(body.get(member))", "all(member in body"],
  ["const isText = (value) => typeof value === 'string';", "const isText = (value) => value !== undefined;"],
  ["return isinstance(value, str)", "return value is not None"],
];

const PYTHON = `
import json, sys
folder, interpreter = sys.argv[1:]
sys.path.insert(0, interpreter)
from sequences import mismatches
limits = json.load(open(folder + "/limits.json"))
sequences = json.load(open(folder + "/vectors/sequences.json"))["sequences"]
def is_wrong(one):
    try:
        return bool(mismatches(one, limits))
    except (TypeError, KeyError, AttributeError):
        return True
print(json.dumps([one["name"] for one in sequences if is_wrong(one)]))
`;

/** Compiled once: its expressions stay what they are. */
function compiled() {
  const folder = fresh("sequences");
  const flags = ["--target", "es2022", "--module", "es2022", "--strict", "--ignoreConfig", "--outDir", folder];
  run(join(here, "node_modules/.bin/tsc"), [join(schemaFolder, "interpreters/sequences.ts"), ...flags]);
  return readFileSync(join(folder, "sequences.js"), "utf8");
}

async function javascript(source, folder) {
  writeFileSync(join(folder, "sequences.mjs"), source);
  const { mismatches } = await import(join(folder, "sequences.mjs"));
  const limits = read("limits.json");
  return read("vectors/sequences.json").sequences.filter((one) => mismatches(one, limits).length > 0).map(({ name }) => name);
}

async function python(source, folder) {
  writeFileSync(join(folder, "sequences.py"), source);
  return JSON.parse(run(join(here, ".venv/bin/python"), ["-c", PYTHON, schemaFolder, folder]));
}

async function runs(language, source) {
  const { sequences } = read("vectors/sequences.json");
  const folder = (part) => fresh(`sequences-${language.name}-${part}`);
  const wrong = await language(source, folder("whole"));
  if (wrong.length > 0 || sequences.length === 0) throw new Error(wrong.join("\n"));
  const rules = RULES.filter(([rule]) => source.includes(rule));
  if (rules.length * 2 !== RULES.length) throw new Error(`${rules.length} rules are found`);
  for (const [index, [rule, without]] of rules.entries()) {
    const broken = await language(source.replace(rule, without), folder(index));
    if (broken.length === 0) throw new Error(`nothing notices that this is missing: ${rule}`);
  }
  const steps = sequences.reduce((sum, one) => sum + one.steps.length, 0);
  return `${sequences.length} sequences, ${steps} steps; ${rules.length} rules are missed when they are missing`;
}

export async function sequences() {
  await check("typescript sequences", () => runs(javascript, compiled()));
  await check("python sequences", () => runs(python, readFileSync(join(schemaFolder, "interpreters/sequences.py"), "utf8")));
}
