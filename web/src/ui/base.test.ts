/** The script that the server puts into the document, under addresses as browsers and proxies know them. */

import { expect, test } from 'vitest';
import script from '../../public/base.js?raw';

/** The base of a document under an address of which the server counts so many segments as its own. */
function baseOf(address: string, segments: number): string {
  const base = { href: 'as the server wrote it' };
  const document = { currentScript: { dataset: { segments: String(segments) } }, querySelector: () => base };
  new Function('document', 'location', script)(document, new URL(address));
  return base.href;
}

test.each([
  ['https://host/', 0, 'https://host/'],
  ['https://host/call/x', 2, 'https://host/'],
  ['https://host/call/x/', 2, 'https://host/'],
  ['https://host/team/', 0, 'https://host/team/'],
  ['https://host/team/call', 1, 'https://host/team/'],
  ['https://host/team/call/x?autojoin', 2, 'https://host/team/'],
  ['https://host/team/call//x', 2, 'https://host/team/'],
  ['https://host/team//call/x', 2, 'https://host/team/'],
  ['https://host/team/call/a%2Fb', 3, 'https://host/team/'],
  ['https://host/team/call/..%2Fx', 1, 'https://host/team/'],
  ['https://host/team/call%2f.%2fx', 2, 'https://host/team/'],
  ['https://host/a%20b/@c/call/x', 2, 'https://host/a%20b/@c/'],
  ['https://host//call/x', 2, 'https://host/'],
  ['https://host/team/a%2Fb/%ff', 3, 'https://host/team/'],
  ['https://host/call/%E0%A4%A', 2, 'https://host/'],
])('%s with %i segments of the server', (address, segments, base) => {
  expect(baseOf(address, segments)).toBe(base);
});

test.each([['https://host/x', 2]])('%s keeps the base that the server wrote', (address, segments) => {
  expect(baseOf(address, segments)).toBe('as the server wrote it');
});
