/**
 * Looks at the address and shows the page that belongs to it: start, call, group, broadcast or watch.
 * Player and encoders are loaded only where they are needed.
 */

import './style.css';
import { Access } from './access/access';
import { HeldToken } from './access/held-token';
import { showCall } from './call/page';
import { browserEnvironment } from './client';
import { showGroup } from './group/page';
import { readRoute, socketAddress } from './ui/address';
import { isRoomName } from './ui/names';
import { showStart } from './ui/start';
import { showUnknown } from './ui/unknown';

type Show = (root: HTMLElement, room: string, url: string, access: Access) => void;

const PAGES: Record<string, () => Show | Promise<Show>> = {
  call: () => showCall,
  group: () => showGroup,
  broadcast: async () => (await import('./broadcast/page')).showBroadcast,
  watch: async () => (await import('./watch/page')).showWatch,
};

async function show(root: HTMLElement): Promise<void> {
  // Before anything else, so that the address bears its token for as short a time as may be.
  const token = new HeldToken();
  token.takeFromAddress();
  const { view, room } = readRoute(location.href) ?? { view: 'unknown', room: '' };
  const url = socketAddress();
  if (view === '') return showStart(root, token);
  const page = Object.hasOwn(PAGES, view) ? PAGES[view] : undefined;
  if (!page || !isRoomName(room)) return showUnknown(root);
  const access = new Access(token, browserEnvironment(), url, root);
  addEventListener('hashchange', () => access.takeFromAddress());
  const [showPage, isAdmitted] = await Promise.all([page(), access.admits(view, room)]);
  if (isAdmitted) showPage(root, room, url, access);
}

const root = document.getElementById('app');
if (root) void show(root);
