// quicktype for TypeScript and Python from `types.schema.json`: compiled, and round-tripped over the vectors.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InputData, JSONSchemaInput, quicktype } from "quicktype-core";
import { fresh, here, run, schemaFolder } from "./files.mjs";
import { check } from "./report.mjs";
import { compare, lines, valid } from "./vectors.mjs";

/** A type for each definition, as `quicktype … 'schema/types.schema.json#/$defs/'` makes them. */
async function types(lang, rendererOptions) {
  const input = new JSONSchemaInput(undefined);
  const schema = readFileSync(join(schemaFolder, "types.schema.json"), "utf8");
  await input.addSource({ name: "types", schema, uris: ["#/$defs/"] });
  const inputData = new InputData();
  inputData.addInput(input);
  const options = { "acronym-style": "original", ...rendererOptions };
  return (await quicktype({ inputData, lang, rendererOptions: options })).lines.join("\n");
}

async function typescript() {
  const folder = fresh("quicktype-typescript");
  const source = join(folder, "types.ts");
  writeFileSync(source, await types("typescript", {}));
  const flags = ["--target", "es2022", "--module", "es2022", "--strict", "--ignoreConfig", "--outDir", folder];
  run(join(here, "node_modules/.bin/tsc"), [source, ...flags]);
  const { Convert } = await import(source.replace(/ts$/, "js"));
  const again = ({ type, value }) => {
    const name = type[0].toLowerCase() + type.slice(1);
    try {
      return JSON.stringify(JSON.parse(Convert[`${name}ToJson`](Convert[`to${type}`](JSON.stringify(value)))));
    } catch (error) {
      return `!${error.message.replaceAll("\n", " ")}`;
    }
  };
  const vectors = valid();
  return compare(vectors, vectors.map(again).join("\n"));
}

async function python() {
  const source = join(fresh("quicktype-python"), "types_of_roomcast.py");
  writeFileSync(source, await types("python", { "python-version": "3.7" }));
  const vectors = valid();
  const program = join(here, "generators/round_trip.py");
  return compare(vectors, run(join(here, ".venv/bin/python"), [program, source], { input: lines(vectors) }));
}

export async function quicktypes() {
  await check("quicktype typescript", typescript);
  await check("quicktype python", python);
}
