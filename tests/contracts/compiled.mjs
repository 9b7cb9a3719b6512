// Go, Kotlin, Swift: types by quicktype, compiled where there is a compiler.

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InputData, JSONSchemaInput, quicktype } from "quicktype-core";
import { fresh, here, isHere, run, schemaFolder, schemas } from "./files.mjs";
import { check, skip } from "./report.mjs";

async function types(name, lang, rendererOptions) {
  const input = new JSONSchemaInput(undefined);
  await input.addSource({ name, schema: readFileSync(join(schemaFolder, `${name}.schema.json`), "utf8") });
  const inputData = new InputData();
  inputData.addInput(input);
  return (await quicktype({ inputData, lang, rendererOptions })).lines.join("\n");
}

/** A package for each schema, because types of the same name are in several. */
async function go() {
  const folder = fresh("go");
  writeFileSync(join(folder, "go.mod"), "module roomcast\n\ngo 1.21\n");
  for (const name of schemas) {
    const part = name.replaceAll("-", "");
    mkdirSync(join(folder, part));
    writeFileSync(join(folder, part, "types.go"), await types(name, "go", { package: part }));
  }
  const env = { ...process.env, GOTOOLCHAIN: "local", GOPROXY: "off" };
  copyFileSync(join(here, "roundtrip.go"), join(folder, "roundtrip.go"));
  run("go", ["vet", "./..."], { cwd: folder, env });
  run("go", ["build", "-o", "roundtrip", "."], { cwd: folder, env });
  const said = run("./roundtrip", [schemaFolder], { cwd: folder });
  return `${schemas.length} schemas build and pass vet, ${said.trim()}`;
}

export async function compiled() {
  if (isHere("go", "version")) await check("go types", go);
  else skip("go types", "no go on this machine");
  for (const compiler of ["kotlinc", "swiftc"]) {
    const why = isHere(compiler, "-version") ? "no check is written for it yet" : `no ${compiler} on this machine`;
    skip(compiler === "kotlinc" ? "kotlin types" : "swift types", why);
  }
}
