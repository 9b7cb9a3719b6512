// `roomcast check turn` against Debian's coturn with the deployed configuration.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { freePort } from '../browser/cluster.mjs';
import { program } from '../browser/processes.mjs';
import { startCoturn } from './turn.mjs';

/** The exit code, and a line for each address. */
function checked(secret, urls) {
  const flags = ['check', 'turn', '--turn-secret', secret, '--ice-server', urls.join(',')];
  const { status, stdout, stderr } = spawnSync(program, flags, { encoding: 'utf8', timeout: 60_000 });
  assert.ok(!`${stdout}${stderr}`.includes(secret), 'the secret is not printed');
  return { status, lines: stdout.trim().split('\n') };
}

/** It says which addresses work, and of the others why they do not. */
export async function checksTurn(t) {
  const [{ port, tls, secret, coturn }, dead] = [await startCoturn(t), await freePort()];
  const [udp, tcp, secure] = [`turn:127.0.0.1:${port}`, `turn:127.0.0.1:${port}?transport=tcp`, `turns:127.0.0.1:${tls}`];
  const good = checked(secret, [udp, tcp]);
  assert.deepEqual([good.status, ...good.lines.slice(0, 2)], [0, `${udp} (udp) works`, `${tcp} (tcp) works`], coturn.output);
  const mixed = checked(secret, [udp, `turn:127.0.0.1:${dead}?transport=tcp`, secure]);
  assert.deepEqual([mixed.status, mixed.lines[0]], [1, `${udp} (udp) works`]);
  assert.match(mixed.lines[1], /\(tcp\) does not work: it cannot be reached/);
  // The certificate of the test is its own.
  assert.match(mixed.lines[2], /\(tls\) does not work: there is no TLS \(invalid peer certificate/);
  const wrong = checked('another-secret', [udp, tcp]);
  assert.equal(wrong.status, 1);
  for (const line of wrong.lines.slice(0, 2)) assert.match(line, /does not work: it refuses the credentials/);
}
