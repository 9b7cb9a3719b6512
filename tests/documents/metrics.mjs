// Metrics of the server's code, held against the pages of docs.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { read, root } from './blocks.mjs';

function filesOf(folder, kind) {
  const all = readdirSync(root + folder, { recursive: true }).map((file) => `${folder}/${file}`);
  return all.filter((file) => file.endsWith(kind) && !/\btests\b/.test(file));
}

// Every text of the code that begins so names a metric.
export function documented() {
  const code = filesOf('server/src', '.rs').map(read).join('\n');
  const inCode = new Set([...code.matchAll(/"(roomcast_[a-z_]+)"/g)].map(([, name]) => name));
  assert.ok(inCode.size > 20, `${inCode.size} metrics`);
  const pages = filesOf('docs', '.md').map(read).join('\n');
  assert.deepEqual([...inCode].filter((name) => !pages.includes(`\`${name}\``)), [], 'metrics that no page of docs names');
  const rows = pages.split('\n').filter((line) => line.startsWith('| `roomcast_'));
  const inRows = rows.flatMap((row) => [...row.split('|')[1].matchAll(/`(roomcast_[a-z_]+)`/g)].map(([, name]) => name));
  assert.deepEqual(inRows.filter((name) => !inCode.has(name)), [], 'rows of metrics that the server has not');
}
