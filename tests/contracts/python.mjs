// Python: pydantic models from the schemas, of one mind with the vectors.

import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { fresh, here, run, schemaFolder, schemas, withVectors } from "./files.mjs";
import { check } from "./report.mjs";

const bin = join(here, ".venv/bin");
// Types are strict, a member that may be absent is not thereby null, and constants stay constants.
const options = `--input-file-type jsonschema --schema-version 2020-12 --output-model-type pydantic_v2.BaseModel
  --target-python-version 3.11 --target-pydantic-version 2.14 --strict-types str int float bool --strict-nullable
  --use-missing-sentinel --use-title-as-name --use-annotated --enum-field-as-literal all --disable-timestamp
  --formatters builtin`.split(/\s+/);

function generate() {
  const folder = fresh("python");
  for (const name of schemas) {
    const input = join(schemaFolder, `${name}.schema.json`);
    const output = join(folder, `${name.replaceAll("-", "_")}.py`);
    run(join(bin, "datamodel-codegen"), ["--input", input, "--output", output, ...options]);
  }
  return `${schemas.length} schemas become pydantic models`;
}

function vectors(name) {
  const done = spawnSync(join(bin, "python"), ["check_models.py", name], { cwd: here, encoding: "utf8" });
  if (done.status !== 0) throw new Error(done.stdout + done.stderr);
  return done.stdout.trim();
}

export async function python() {
  await check("python models", generate);
  for (const name of withVectors) await check(`python ${name}`, () => vectors(name));
}
