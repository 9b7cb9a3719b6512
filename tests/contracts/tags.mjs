// The table of tags in media.md, against the tags in the recorded playlists.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { read, schemaFolder } from "./files.mjs";
import { check } from "./report.mjs";

/** It stands only where a discontinuity has left the list, which takes a minute. */
const NOT_RECORDED = ["EXT-X-DISCONTINUITY-SEQUENCE"];

function texts(value) {
  if (typeof value === "string") return [value];
  return value !== null && typeof value === "object" ? Object.values(value).flatMap(texts) : [];
}

function written() {
  const lines = texts(read("vectors/playlists.json")).flatMap((text) => text.split("\n"));
  return new Set(lines.flatMap((line) => /^#(EXT[A-Z0-9-]*)/.exec(line)?.[1] ?? []));
}

function told() {
  const page = readFileSync(join(schemaFolder, "media.md"), "utf8");
  const table = page.split("### Tags of the playlists")[1].split(/\n#/)[0];
  const cells = table.split("\n").filter((line) => line.startsWith("| `")).map((line) => line.split("|")[1]);
  return new Set(cells.flatMap((cell) => [...cell.matchAll(/`(EXT[A-Z0-9-]*)`/g)].map(([, tag]) => tag)));
}

function compared() {
  const [tags, known] = [written(), told()];
  const missing = [...tags].filter((tag) => !known.has(tag));
  const needless = [...known].filter((tag) => !tags.has(tag) && !NOT_RECORDED.includes(tag));
  if (missing.length + needless.length > 0) throw new Error(`missing: ${missing}; never written: ${needless}`);
  return `${tags.size} tags`;
}

export async function tags() {
  await check("tags of playlists", async () => compared());
}
