// Commands of the documents in a real shell, each in a process group and a folder of its own.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { program } from '../browser/processes.mjs';

// Go stands beside Python where the machine has none, or one that is too old.
const python = fileURLToPath(new URL('.venv/bin', import.meta.url));
const bundled = existsSync(`${python}/go`) ? `${python}:` : '';
const PATH = `${dirname(program)}:${bundled}${process.env.PATH}:/usr/sbin:/usr/local/sbin`;

/** The text with addresses, ports and file names replaced; each of them must occur. */
export function replaced(text, replacements) {
  return Object.entries(replacements).reduce((result, [from, to]) => {
    assert.ok(result.includes(from), `${from} does not occur in\n${text}`);
    return result.replaceAll(from, to);
  }, text);
}

/** Starts a block of shell commands. Everything that it starts is ended with the test. */
export function start(t, text, { cwd, env = {} }) {
  const options = { cwd, env: { ...process.env, PATH, ...env }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] };
  const child = spawn('bash', ['-euo', 'pipefail', '-c', text], options);
  const shell = { output: '', ended: once(child, 'exit').then(([code]) => code) };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { shell.output += chunk; });
  shell.stop = () => {
    try { process.kill(-child.pid, 'SIGKILL'); } catch (error) { if (error.code !== 'ESRCH') throw error; }
  };
  t.after(() => { shell.stop(); child.stdout.destroy(); child.stderr.destroy(); });
  return shell;
}

/** Runs a block to its end, which must be a good one. */
export async function run(t, text, options) {
  const shell = start(t, text, options);
  const code = await shell.ended;
  assert.equal(code, 0, `${text}\nended with ${code}: ${shell.output}`);
  return shell.output;
}

/** Runs one program to its end and gives what it printed; throws it when the program fails. */
export function call(name, flags, options = {}) {
  const env = { ...process.env, PATH, ...options.env };
  const done = spawnSync(name, flags, { encoding: 'utf8', timeout: 120_000, ...options, env });
  if (done.error?.code === 'ENOENT') throw new Error(`${name} is missing: make tools and make documents install it`);
  if (done.error) throw done.error;
  assert.equal(done.status, 0, `${name} ${flags.join(' ')} ended with ${done.status}: ${done.stdout}${done.stderr}`);
  return done.stdout + done.stderr;
}
