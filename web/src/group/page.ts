/**
 * The page /group/{room}: puts group, mesh and stage together and connects them with the browser's events.
 * No rule of a group stands here.
 */

import type { Access } from '../access/access';
import type { Environment } from '../client';
import { controls } from '../rtc/controls';
import { watchDevices } from '../rtc/device-watch';
import { lobby } from '../rtc/lobby';
import { LocalMedia, type OutgoingMedia } from '../rtc/media';
import { Peer } from '../rtc/peer';
import { browserSeatStorage } from '../seats/seat-storage';
import { comeBack } from '../seats/seated-membership';
import { Seats } from '../seats/seats';
import { holdFocus } from '../ui/focus';
import { bar } from '../ui/frame';
import { expose } from '../ui/handle';
import { askBeforeLeaving } from '../ui/leave-question';
import { memberName } from '../ui/names';
import { type OtherKind, otherKind } from '../ui/other-kind';
import { keepPlace } from '../ui/reload-mark';
import { pageEnvironment } from '../ui/steady-timers';
import { tabIdentity } from '../ui/tab';
import { Devices, purposeOf } from './devices';
import type { Tile } from './grid';
import { Group } from './group';
import type { MakePeer } from './mesh';
import { describe } from './model';
import { groupView, type View, type ViewActions } from './view';

const WORDS = {
  join: 'Join the group',
  note: 'Whoever opens the group is on camera at once. Everyone else watches first and can ask to join in.',
};

export function showGroup(root: HTMLElement, room: string, url: string, access: Access): void {
  document.title = `${room} · Roomcast`;
  const media = new LocalMedia();
  const devices = new Devices(media);
  const env = pageEnvironment();
  const identity = tabIdentity('m2m', room, access.token);
  const seats = new Seats(`m2m.${room}`, browserSeatStorage(), Date.now);
  const top = bar(room);
  const row = controls(media, { leave: () => group.leave(), note: () => devices.note });
  const join = () => void comeBack(identity, seats).then(() => group.join());
  const before = lobby(identity.name, media, row, WORDS, join);
  const kind = otherKind(url, room, 'm2m', access.token);
  const actions = stageActions(() => group, devices, join);
  const show = groupView(row, kind.root, actions);
  const makePeer = peerMaker(media, env, () => group.pageState.publishing);
  const render = () => {
    const model = describe(group.pageState);
    top.show(model);
    row.render();
    if (group.pageState.stage === 'lobby') return before.render();
    kind.refused(group.pageState.failure, (message) => group.refuse(message));
    showView(before.root, show, [kind.root, ...show.actions, ...row.buttons], isTransit(group.pageState), () =>
      show.render(model, group.pageState, tiles(group, identity.session().userId), media.isLive),
    );
    void row.localVideo.play().catch(() => {});
  };
  const group = new Group(url, room, identity, media, env, seats, makePeer, {
    changed(pageState) {
      devices.follow(purposeOf(pageState));
      if (access.asksFor(room, pageState.failure)) return;
      place.note(isInside(pageState) ? media.switches : undefined);
      render();
    },
    letInLate: () => devices.switchOff(),
  });
  const place = keepPlace(`in-group.${room}`, () => goAway(group));
  media.onchange = (kind) => group.mediaChanged(kind);
  root.replaceChildren(top.root, before.root);
  render();
  connect(group, media);
  media.restore(place.before);
  if (place.before !== undefined || new URLSearchParams(location.search).has('autojoin')) return join();
  waitInLobby(kind, group, devices.acquire(), before.settled);
}

/** Shows how one looks, and tells of a name that is no group's before anybody joins. */
function waitInLobby(kind: OtherKind, group: Group, acquired: Promise<void>, settled: () => void): void {
  kind.look((message) => group.refuse(message));
  void acquired.then(settled);
}

function stageActions(group: () => Group, devices: Devices, join: () => void): ViewActions {
  return {
    join,
    ask: () => void group().askWith(() => devices.acquire()),
    withdraw: () => group().withdraw(),
    tryRoutes: () => group().tryRoutes(),
    answer: (request, accepted) => group().answer(request, accepted),
  };
}

/** A publisher would lose its place by a `LEAVE`, and might only reload the page. */
function goAway(group: Group): void {
  if (group.pageState.publishing) group.suspend();
  else if (group.connection) group.leave();
}

/** Renders the group in the place of its lobby, with the focus where the next action is. */
function showView(lobby: HTMLElement, show: View, next: HTMLElement[], isTransit: boolean, render: () => void): void {
  const focus = holdFocus(isTransit);
  if (!show.root.isConnected) lobby.replaceWith(show.root);
  render();
  focus(...next);
}

function peerMaker(media: LocalMedia, env: Environment, publishing: () => boolean): MakePeer {
  const sent = whilePublishing(media, publishing);
  return (address, handlers) => new Peer(address, true, [], sent, env, handlers);
}

/** A viewer who has asked already has a camera, but sends nothing yet. */
function whilePublishing(media: LocalMedia, publishing: () => boolean): OutgoingMedia {
  return {
    stream: media.stream,
    track: (kind) => (publishing() ? media.track(kind) : null),
    isAvailable: (kind) => publishing() && media.isAvailable(kind),
  };
}

/** On the way to where the last press leads. */
function isTransit({ stage, publishers, failure }: Group['pageState']): boolean {
  return stage === 'joining' || (stage === 'joined' && publishers.length === 0) || failure?.otherKind === true;
}

/** In the group, or on the way back into it. */
function isInside({ stage }: Group['pageState']): boolean {
  return stage === 'joined' || stage === 'recovering';
}

/** Connects the group with the browser's events, and with its console. */
function connect(group: Group, media: LocalMedia): void {
  exposeGroup(group);
  watchDevices(media);
  askBeforeLeaving(() => group.isMissed);
  addEventListener('offline', () => group.networkLost());
  addEventListener('online', () => group.networkBack());
}

function exposeGroup(group: Group): void {
  expose({
    get connection() {
      return group.connection;
    },
    get pcs() {
      const entries = group.pageState.publishers.map((one) => [one.userId, group.mesh.link(one)?.peer.pc] as const);
      return Object.fromEntries(entries);
    },
  });
}

function tiles({ pageState, mesh }: Group, me: string): Tile[] {
  return pageState.publishers
    .filter(({ userId }) => userId !== me)
    .map((one) => {
      const link = mesh.link(one);
      return {
        key: `${one.userId} ${one.sessionId}`,
        name: memberName(one),
        video: one.video,
        audio: one.audio,
        stream: link?.stream ?? null,
        connected: link?.state === 'connected',
        stuck: mesh.isStuck(one),
      };
    });
}
