// Runs test files of browsers, so many at a time: `node run.mjs 2 call.test.mjs group.test.mjs`.
//
// A browser that gets no processor for a second stands still as one that gets no media does, and nothing that a test
// sees tells the two apart. Files that fail are therefore run once more, one by one; what is wrong with the program
// fails again. A second chance is said aloud, and is not given when many files fail.

import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { resolve } from 'node:path';

const MOST_REPEATED = 3;

const [concurrency, ...names] = process.argv.slice(2);
const files = names.map((name) => resolve(name));

/** Runs them, and gives those that failed. */
async function failing(some, atOnce) {
  const failed = new Set();
  const stream = run({ files: some, concurrency: atOnce });
  stream.on('test:fail', ({ file, name }) => failed.add(file ?? name));
  const report = stream.compose(spec);
  report.pipe(process.stdout, { end: false });
  await new Promise((done, fail) => { report.once('end', done).once('error', fail); });
  return [...failed].map((file) => resolve(file));
}

const began = Date.now();
let failed = await failing(files, Number(concurrency));
if (failed.length > 0 && failed.length <= MOST_REPEATED) {
  console.log(`\n\x1b[33mFailed, and run once more, alone: ${failed.join(' ')}\x1b[0m\n`);
  failed = await failing(failed, 1);
}
console.log(`${files.length} files in ${Math.round((Date.now() - began) / 1000)} s; failed: ${failed.join(' ') || 'none'}`);
process.exit(failed.length > 0 ? 1 : 0);
