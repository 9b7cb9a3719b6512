/**
 * The page /call/{room}: puts lobby, stage and call together and connects them with the browser's events.
 * Says goodbye when the page goes away. No rule of a call stands here.
 */

import { browserSeatStorage } from '../seats/seat-storage';
import { Seats } from '../seats/seats';
import { holdFocus } from '../ui/focus';
import { bar } from '../ui/frame';
import { expose } from '../ui/handle';
import { askBeforeLeaving } from '../ui/leave-question';
import { displayName } from '../ui/names';
import { otherKind } from '../ui/other-kind';
import { pageEnvironment } from '../ui/steady-timers';
import { tabIdentity } from '../ui/tab';
import { Call } from './call';
import { controls } from './controls';
import { watchDevices } from './device-watch';
import { lobby } from './lobby';
import { LocalMedia } from './media';
import { describe } from './model';
import { stage } from './stage';

export function showCall(root: HTMLElement, room: string, url: string): void {
  const media = new LocalMedia();
  const identity = tabIdentity('p2p', room);
  const seats = new Seats(`p2p.${room}`, browserSeatStorage(), Date.now);
  const top = bar(room);
  let involved = false;
  const row = controls(media, { leave: () => call.leave() });
  const join = async () => {
    if (media.isReleased) await media.acquire();
    await seats.look();
    call.join();
  };
  const before = lobby(displayName(identity.session().userId), media, row, { join: 'Join the call' }, join);
  const kind = otherKind(url, room);
  const during = stage(row, kind.root, { join, giveUp: () => call.leave() });
  const call = new Call(url, room, identity, media, pageEnvironment(), seats, {
    streamChanged: (stream) => during.showStream(stream),
    changed(facts) {
      const model = describe(facts);
      involved = model.state === 'in-call';
      top.show(model);
      if (facts.stage === 'gone' || facts.stage === 'failed') media.release();
      row.render();
      if (facts.stage === 'lobby') return before.render();
      const focus = holdFocus();
      if (!during.root.isConnected) before.root.replaceWith(during.root);
      during.render(model, facts.other);
      kind.render(facts.failure?.otherKind ?? false);
      focus(...during.actions, ...row.buttons);
      void row.localVideo.play().catch(() => {});
    },
  });
  askBeforeLeaving(() => involved);
  watchDevices(media);
  document.title = `${room} · Roomcast`;
  top.show({ state: 'lobby', status: 'Not in the call yet' });
  root.replaceChildren(top.root, before.root);
  row.render();
  before.render();
  exposeCall(call);
  listen(call);
  void start(media, call, join, before.settled);
}

function exposeCall(call: Call): void {
  expose({
    get pc() {
      return call.pc;
    },
    get connection() {
      return call.connection;
    },
    restartMedia: () => call.restartMedia(),
  });
}

async function start(media: LocalMedia, call: Call, join: () => Promise<void>, settled: () => void): Promise<void> {
  await media.acquire();
  media.onchange('audio');
  media.onchange('video');
  settled();
  if (new URLSearchParams(location.search).has('autojoin') && !call.connection) await join();
}

function listen(call: Call): void {
  addEventListener('offline', () => call.networkLost());
  addEventListener('online', () => call.networkBack());
  addEventListener('pagehide', () => {
    if (call.connection) call.leave();
  });
  // A page that comes back out of the browser's memory has left its call: it starts anew.
  addEventListener('pageshow', (event) => {
    if (event.persisted) location.reload();
  });
}
