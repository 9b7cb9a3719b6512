/**
 * Looks at the address and shows the page that belongs to it: start, call, group, broadcast or watch.
 * Player and encoders are loaded only where they are needed.
 */

import './style.css';
import { showCall } from './call/page';
import { showGroup } from './group/page';
import { readRoute, socketAddress } from './ui/address';
import { isRoomName } from './ui/names';
import { showStart } from './ui/start';
import { showUnknown } from './ui/unknown';

async function show(root: HTMLElement): Promise<void> {
  const { view, room } = readRoute(location.href) ?? { view: 'unknown', room: '' };
  const url = socketAddress();
  if (view === '') return showStart(root);
  if (!isRoomName(room)) return showUnknown(root);
  if (view === 'call') return showCall(root, room, url);
  if (view === 'group') return showGroup(root, room, url);
  if (view === 'broadcast') {
    const { showBroadcast } = await import('./broadcast/page');
    return showBroadcast(root, room, url);
  }
  if (view !== 'watch') return showUnknown(root);
  const { showWatch } = await import('./watch/page');
  showWatch(root, room, url);
}

const root = document.getElementById('app');
if (root) void show(root);
