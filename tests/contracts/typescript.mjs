// TypeScript: types from the schemas that compile, and a validator that is of one mind with the vectors.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import { compileFromFile } from "json-schema-to-typescript";
import { described, fresh, read, run, schemaFolder, schemas, withVectors } from "./files.mjs";
import { check } from "./report.mjs";

/** Writes one module of types for each schema. */
async function generate() {
  const folder = fresh("typescript");
  for (const name of schemas) {
    // Unknown members are permitted on the wire; in a program one is most likely a slip of the pen.
    const options = { additionalProperties: false, bannerComment: "", format: false };
    writeFileSync(join(folder, `${name}.ts`), await compileFromFile(join(schemaFolder, `${name}.schema.json`), options));
  }
  run("node_modules/.bin/tsc", ["--project", "tsconfig.json"]);
  const messages = withVectors.map((name) => read(`${name}.schema.json`).oneOf.length);
  return `${schemas.length} schemas, ${messages.reduce((sum, count) => sum + count)} kinds of message compile with use.ts`;
}

function validator() {
  const ajv = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true });
  const integer = { type: "number", validate: Number.isInteger };
  ajv.addFormat("uint64", integer).addFormat("int64", integer).addFormat("uint32", integer).addFormat("uint16", integer);
  ajv.addFormat("double", { type: "number", validate: Number.isFinite });
  ajv.addFormat("uuid", /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i);
  return ajv;
}

/** Every valid vector is accepted and every invalid one refused. */
function vectors(ajv, name) {
  const document = read(`vectors/${name}.json`);
  const validate = ajv.getSchema(read(document.schema).$id);
  const wrong = [];
  let [accepted, refused] = [0, 0];
  for (const { message, valid, invalid } of document.vectors) {
    for (const value of valid) {
      if (validate(value)) accepted += 1;
      else wrong.push(`${message}: a valid message is refused: ${ajv.errorsText(validate.errors)}: ${JSON.stringify(value)}`);
    }
    for (const { reason, value } of invalid) {
      if (!validate(value)) refused += 1;
      else wrong.push(`${message}: accepted, though ${reason}: ${JSON.stringify(value)}`);
    }
  }
  if (wrong.length > 0 || accepted === 0 || refused === 0) throw new Error(`${wrong.length} mismatches\n${wrong.join("\n")}`);
  return `${document.vectors.length} messages, ${accepted} valid accepted, ${refused} invalid refused`;
}

/** Published data has the form that is published for it. */
function data(ajv) {
  for (const [schema, file] of Object.entries(described)) {
    const validate = ajv.getSchema(read(`${schema}.schema.json`).$id);
    if (!validate(read(file))) throw new Error(`${file}: ${ajv.errorsText(validate.errors)}`);
  }
  return `${Object.values(described).join(", ")} have their form`;
}

export async function typescript() {
  await check("typescript types", generate);
  const ajv = validator();
  await check("typescript validator", () => {
    for (const name of schemas) ajv.addSchema(read(`${name}.schema.json`));
    for (const name of schemas) ajv.getSchema(read(`${name}.schema.json`).$id);
    return `${schemas.length} schemas compile in strict mode`;
  });
  for (const name of withVectors) await check(`typescript ${name}`, () => vectors(ajv, name));
  await check("typescript data", () => data(ajv));
}
