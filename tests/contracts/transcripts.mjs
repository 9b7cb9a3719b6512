// The conversations of schema/transcripts.md are what the schemas say, message by message.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import { sections } from "../documents/blocks.mjs";
import { entries, meaning } from "../documents/conversation.mjs";
import { read, schemaFolder } from "./files.mjs";
import { check } from "./report.mjs";

/** A message that is wrong on purpose, and answers about access tokens, which other schemas describe. */
const isOther = (value) => value.action === "dance" || (value.s === "AUTH_CHECK" && value.c === 200);

/** The messages of a client or the server in an entry, each with the name of its schema; nothing for playlists and media. */
function spoken(entry) {
  if (entry.kind === "event") return undefined;
  const { json, body = "" } = meaning(entry.lines);
  const isSent = entry.kind === "→";
  if (json) return { name: isSent ? "client-messages" : "server-messages", value: json };
  const text = /^\{.*?\}$/ms.exec(body)?.[0];
  return text && { name: isSent ? "data-signals" : "data-answers", value: JSON.parse(text) };
}

function valid() {
  const ajv = new Ajv2020({ strict: false, formats: { uint16: true, uint64: true, int64: true, double: true, uuid: true } });
  const validators = new Map();
  const validator = (name) => {
    if (!validators.has(name)) validators.set(name, ajv.compile(read(`${name}.schema.json`)));
    return validators.get(name);
  };
  const page = readFileSync(join(schemaFolder, "transcripts.md"), "utf8");
  const all = sections(page).flatMap(({ text }) => entries(text)).map(spoken).filter((one) => one && !isOther(one.value));
  for (const { name, value } of all) {
    const validate = validator(name);
    if (!validate(value)) throw new Error(`${name}: ${ajv.errorsText(validate.errors)}: ${JSON.stringify(value)}`);
  }
  if (validators.size < 4) throw new Error(`only ${[...validators.keys()]} occur`);
  return `${all.length} messages, requests and answers`;
}

export async function transcripts() {
  await check("transcripts", valid);
}
