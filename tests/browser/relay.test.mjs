// A call between two browsers that may use relays only, over Debian's coturn with the deployed configuration.
//
// The rule against peers on loopback is lifted: here all is on one machine. The documents test holds that the
// unchanged file refuses such peers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCoturn } from '../documents/turn.mjs';
import { seesTheOther } from './calls.mjs';
import { openPage, startBrowser, startServer, state } from './processes.mjs';

/** The kinds of the candidates between which a page's media go, and the addresses that it told the other. */
function way(page) {
  return page.evaluate(async () => {
    const reports = await window.roomcast.pc.getStats();
    const all = [...reports.values()];
    const transport = all.find(({ type }) => type === 'transport');
    const pair = reports.get(transport.selectedCandidatePairId);
    const kinds = [pair.localCandidateId, pair.remoteCandidateId].map((id) => reports.get(id).candidateType);
    const told = all.filter(({ type }) => type === 'local-candidate').map(({ candidateType }) => candidateType);
    return { kinds, told: [...new Set(told)], state: pair.state };
  });
}

test('a call of two pages that may use relays only goes over the TURN server', { timeout: 60_000 }, async (t) => {
  const [{ port, secret, coturn }, browser] = await Promise.all([startCoturn(t, { lifted: true }), startBrowser(t)]);
  const server = await startServer(t, ['--ice-server', `turn:127.0.0.1:${port}`, '--turn-secret', secret]);
  const address = `${server.url}/call/relayed?autojoin&relay=only`;
  const first = await openPage(browser, address);
  await state(first, 'waiting');
  const second = await openPage(browser, address);
  const inCall = Promise.all([state(first, 'in-call'), state(second, 'in-call')]);
  await inCall.catch((error) => { throw new Error(`${error.message}: ${coturn.output.slice(-2500)}`); });
  await Promise.all([seesTheOther(first, 30), seesTheOther(second, 30)]);
  for (const page of [first, second]) {
    assert.deepEqual(await way(page), { kinds: ['relay', 'relay'], told: ['relay'], state: 'succeeded' });
    assert.deepEqual(page.errors, []);
  }
});
