// Valid vectors for generated types, one type for each signal, and what a type lost of them.

import Ajv2020 from "ajv/dist/2020.js";
import { read, withVectors } from "./files.mjs";

/** The type of a vector: shapes of one signal have one type. */
const typeOf = (message) => message.replace(/(InGroup|Of(Variant|Rendition))$/, "");

/** Every valid vector of these files that is spelled as `types.schema.json` says. */
export function valid(files = withVectors) {
  const types = read("types.schema.json");
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(types, "types");
  const all = files.flatMap((name) => read(`vectors/${name}.json`).vectors);
  const list = all.flatMap(({ message, valid: values }) => values.map((value) => ({ type: typeOf(message), value })));
  const spelled = list.filter(({ type, value }) => ajv.validate(`types#/$defs/${type}`, value));
  if (spelled.length < list.length - 3) throw new Error(`only ${spelled.length} of ${list.length} fit types.schema.json`);
  return spelled;
}

/** The names of all members that the types know. */
function known() {
  const names = new Set();
  const walk = (value) => {
    if (value === null || typeof value !== "object") return;
    if (value.properties) Object.keys(value.properties).forEach((name) => names.add(name));
    Object.values(value).forEach(walk);
  };
  walk(read("types.schema.json"));
  return names;
}

const names = known();

/** A message without the members that no type knows. */
export function stripped(value) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(stripped);
  const kept = Object.entries(value).filter(([name]) => names.has(name));
  return Object.fromEntries(kept.map(([name, inner]) => [name, stripped(inner)]));
}

/** The paths at which a value is not the same in another; members that no type knows may be lost. */
function lost(before, after, path = "") {
  if (before === null && after === undefined) return [];
  if (before === null || typeof before !== "object") return before === after ? [] : [`${path} (${after})`];
  const there = after !== null && typeof after === "object" ? after : {};
  const kept = Object.keys(before).filter((name) => Array.isArray(before) || names.has(name) || name in there);
  return kept.flatMap((name) => lost(before[name], there[name], `${path}/${name}`));
}

/** Holds what a program said, a line for each vector, against the vectors. */
export function compare(vectors, said) {
  const lines = said.trim().split("\n");
  const wrong = vectors.flatMap(({ type, value }, index) => {
    const line = lines[index] ?? "!nothing was said";
    const paths = line.startsWith("!") ? [line] : lost(value, JSON.parse(line));
    return paths.length === 0 ? [] : [`${type}: ${paths.join(", ")}: ${JSON.stringify(value)}`];
  });
  if (wrong.length > 0 || vectors.length === 0) throw new Error(`${wrong.length} of ${vectors.length}\n${wrong.join("\n")}`);
  return `${vectors.length} valid decoded and encoded again`;
}

/** The input of the programs. */
export const lines = (vectors) => vectors.map(({ type, value }) => `${type}\t${JSON.stringify(value)}\n`).join("");
