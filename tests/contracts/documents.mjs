// AsyncAPI and OpenAPI: valid by public validators, with every reference to the schema files resolved.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Parser } from "@asyncapi/parser";
import { Validator } from "@seriousme/openapi-schema-validator";
import { read, schemaFolder, schemas } from "./files.mjs";
import { check } from "./report.mjs";

/** Every `$ref` within a document, to itself or to a file beside it, leads somewhere. */
function references(document) {
  let count = 0;
  const walk = (value) => {
    if (value === null || typeof value !== "object") return;
    if (typeof value.$ref === "string") {
      const [file, pointer = ""] = value.$ref.split("#");
      let target = file === "" ? document : read(file);
      for (const step of pointer.split("/").slice(1)) target = target?.[step.replaceAll("~1", "/").replaceAll("~0", "~")];
      if (target === undefined) throw new Error(`${value.$ref} leads nowhere`);
      count += 1;
    }
    Object.values(value).forEach(walk);
  };
  walk(document);
  return count;
}

async function asyncapi() {
  const source = join(schemaFolder, "asyncapi.json");
  const { document, diagnostics } = await new Parser().parse(readFileSync(source, "utf8"), { source });
  const errors = diagnostics.filter((one) => one.severity === 0).map((one) => `${one.path.join("/")}: ${one.message}`);
  if (document === undefined || errors.length > 0) throw new Error(errors.join("\n"));
  const count = references(read("asyncapi.json"));
  return `${document.allOperations().length} operations, ${document.allMessages().length} messages, ${count} references`;
}

async function openapi() {
  const document = read("openapi.json");
  const count = references(document);
  const validator = new Validator();
  for (const name of schemas) await validator.addSpecRef(read(`${name}.schema.json`), `${name}.schema.json`);
  const { valid, errors } = await validator.validate(document);
  if (!valid) throw new Error(typeof errors === "string" ? errors : JSON.stringify(errors, null, 1));
  return `OpenAPI ${validator.version}, ${Object.keys(document.paths).length} addresses, ${count} references`;
}

export async function documents() {
  await check("asyncapi document", asyncapi);
  await check("openapi document", openapi);
}
