/**
 * The page /call/{room}: puts lobby, stage and call together and connects them with the browser's events.
 * Says goodbye when the page goes away. No rule of a call stands here.
 */

import type { Access } from '../access/access';
import { controls } from '../rtc/controls';
import { watchDevices } from '../rtc/device-watch';
import { lobby } from '../rtc/lobby';
import { LocalMedia } from '../rtc/media';
import { browserSeatStorage } from '../seats/seat-storage';
import { Seats } from '../seats/seats';
import { holdFocus } from '../ui/focus';
import { bar } from '../ui/frame';
import { expose } from '../ui/handle';
import { askBeforeLeaving } from '../ui/leave-question';
import { type OtherKind, otherKind } from '../ui/other-kind';
import { keepPlace, type Place } from '../ui/reload-mark';
import { pageEnvironment } from '../ui/steady-timers';
import { tabIdentity } from '../ui/tab';
import { Call } from './call';
import { type CallModel, describe, type PageState } from './model';
import { callView, type View } from './view';

export function showCall(root: HTMLElement, room: string, url: string, access: Access): void {
  document.title = `${room} · Roomcast`;
  const media = new LocalMedia();
  const identity = tabIdentity('p2p', room, access.token);
  const seats = new Seats(`p2p.${room}`, browserSeatStorage(), Date.now);
  const top = bar(room);
  let involved = false;
  const row = controls(media, { leave: () => call.leave() });
  const join = async () => {
    if (media.isReleased) await media.acquire();
    await seats.look();
    call.join();
  };
  const before = lobby(identity.name, media, row, { join: 'Join the call' }, join);
  const kind = otherKind(url, room, 'p2p', access.token);
  const during = callView(row, kind.root, { join, giveUp: () => call.leave() });
  const call = new Call(url, room, identity, media, pageEnvironment(), seats, {
    streamChanged: (stream) => during.showStream(stream),
    changed(pageState) {
      const model = describe(pageState);
      involved = model.state === 'in-call';
      if (pageState.stage === 'gone' || pageState.stage === 'failed') media.release();
      if (access.asksFor(room, pageState.failure)) return;
      top.show(model);
      row.render();
      if (pageState.stage === 'lobby') return before.render();
      place.note(isInside(pageState) ? media.switches : undefined);
      kind.refused(pageState.failure, (message) => call.refuse(message));
      showView(before.root, during, [kind.root, ...during.actions, ...row.buttons], isTransit(pageState, model), () =>
        during.render(model, pageState.other),
      );
      void row.localVideo.play().catch(() => {});
    },
  });
  const place = keepPlace(`in-call.${room}`, () => call.connection && call.leave());
  top.show({ state: 'lobby', status: 'Not in the call yet' });
  root.replaceChildren(top.root, before.root);
  row.render();
  before.render();
  connect(call, media, () => involved);
  void start({ media, call, join, place, kind, settled: before.settled });
}

/** Renders the call in the place of its lobby, with the focus where the next action is. */
function showView(lobby: HTMLElement, show: View, next: HTMLElement[], isTransit: boolean, render: () => void): void {
  const focus = holdFocus(isTransit);
  if (!show.root.isConnected) lobby.replaceWith(show.root);
  render();
  focus(...next);
}

/** In the call, or on the way back into it. */
function isInside({ stage }: PageState): boolean {
  return stage === 'joined' || stage === 'recovering';
}

/** On the way to where the last press leads. */
function isTransit({ stage, failure }: PageState, { state }: CallModel): boolean {
  return stage === 'joining' || state === 'connecting' || failure?.otherKind === true;
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

interface Beginning {
  media: LocalMedia;
  call: Call;
  join(): Promise<void>;
  place: Place;
  kind: OtherKind;
  settled(): void;
}

/** Asks for the devices; a reload goes back in, and so does an address that says so. */
async function start({ media, call, join, place, kind, settled }: Beginning): Promise<void> {
  const goesIn = place.before !== undefined || new URLSearchParams(location.search).has('autojoin');
  if (!goesIn) kind.look((message) => call.refuse(message));
  media.restore(place.before);
  await media.acquire();
  media.onchange('audio');
  media.onchange('video');
  settled();
  if (goesIn && call.stage === 'lobby') await join();
}

/** Connects the call with the browser's events, and with its console. */
function connect(call: Call, media: LocalMedia, isInvolved: () => boolean): void {
  exposeCall(call);
  watchDevices(media);
  askBeforeLeaving(isInvolved);
  addEventListener('offline', () => call.networkLost());
  addEventListener('online', () => call.networkBack());
}
