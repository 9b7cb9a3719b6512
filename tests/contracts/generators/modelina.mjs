// Types from `asyncapi.json` by modelina: `node modelina.mjs java|typescript FOLDER`.

import { readFileSync } from "node:fs";
import { JAVA_JACKSON_PRESET, JavaFileGenerator, TypeScriptFileGenerator } from "@asyncapi/modelina";

const [language, folder] = process.argv.slice(2);
const document = JSON.parse(readFileSync(new URL("../../../schema/asyncapi.json", import.meta.url), "utf8"));
const generators = {
  java: () => new JavaFileGenerator({ presets: [JAVA_JACKSON_PRESET] }),
  typescript: () => new TypeScriptFileGenerator({ modelType: "interface", enumType: "union", mapType: "record", rawPropertyNames: true }),
};
const options = { java: { packageName: "roomcast" }, typescript: { exportType: "named" } };
await generators[language]().generateToFiles(document, folder, options[language]);
