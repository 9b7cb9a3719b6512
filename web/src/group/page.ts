/**
 * The page /group/{room}: puts group, mesh and stage together and connects them with the browser's events.
 * No rule of a group stands here.
 */

import { type Controls, controls } from '../call/controls';
import { watchDevices } from '../call/device-watch';
import { lobby } from '../call/lobby';
import { LocalMedia, type OutgoingMedia } from '../call/media';
import { Peer } from '../call/peer';
import type { Environment } from '../client';
import { browserSeatStorage } from '../seats/seat-storage';
import { comeBack } from '../seats/seated-membership';
import { Seats } from '../seats/seats';
import { holdFocus } from '../ui/focus';
import { bar } from '../ui/frame';
import { expose } from '../ui/handle';
import { askBeforeLeaving } from '../ui/leave-question';
import { displayName } from '../ui/names';
import { otherKind } from '../ui/other-kind';
import { pageEnvironment } from '../ui/steady-timers';
import { tabIdentity } from '../ui/tab';
import { Devices, purposeOf } from './devices';
import type { Tile } from './grid';
import { Group } from './group';
import type { MakePeer } from './mesh';
import { describe } from './model';
import { type Stage, stage } from './stage';

const NOTE = 'Whoever opens the group is on camera at once. Everyone else watches first and can ask to join in.';

export function showGroup(root: HTMLElement, room: string, url: string): void {
  const media = new LocalMedia();
  const devices = new Devices(media);
  const env = pageEnvironment();
  const identity = tabIdentity('m2m', room);
  const seats = new Seats(`m2m.${room}`, browserSeatStorage(), Date.now);
  const top = bar(room);
  const row = controls(media, { leave: () => group.leave(), note: () => devices.note });
  const join = () => void comeBack(identity, seats).then(() => group.join());
  const before = lobby(
    displayName(identity.session().userId),
    media,
    row,
    { join: 'Join the group', note: NOTE },
    join,
  );
  const kind = otherKind(url, room);
  const show = stage(row, kind.root, {
    join,
    ask: () => void devices.acquire().then(() => group.ask()),
    answer: (request, accepted) => group.answer(request, accepted),
  });
  const makePeer = peerMaker(media, env, () => group.facts.publishing);
  const render = () => {
    const model = describe(group.facts);
    top.show(model);
    row.render();
    if (group.facts.stage === 'lobby') return before.render();
    kind.render(group.facts.failure?.otherKind ?? false);
    showStage(before.root, show, row, () =>
      show.render(model, group.facts, tiles(group, identity.session().userId), media.isLive),
    );
  };
  const group = new Group(url, room, identity, media, env, seats, makePeer, {
    changed(facts) {
      devices.follow(purposeOf(facts));
      render();
    },
  });
  media.onchange = (kind) => group.mediaChanged(kind);
  document.title = `${room} · Roomcast`;
  root.replaceChildren(top.root, before.root);
  render();
  connect(group, media);
  if (new URLSearchParams(location.search).has('autojoin')) return join();
  void devices.acquire().then(before.settled);
}

/** Renders the group in the place of its lobby, with the focus where the next action is. */
function showStage(lobby: HTMLElement, show: Stage, row: Controls, render: () => void): void {
  const focus = holdFocus();
  if (!show.root.isConnected) lobby.replaceWith(show.root);
  render();
  focus(...show.actions(), ...row.buttons);
  void row.localVideo.play().catch(() => {});
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

/** Connects the group with the browser's events, and with its console. */
function connect(group: Group, media: LocalMedia): void {
  exposeGroup(group);
  listen(group);
  watchDevices(media);
}

function exposeGroup(group: Group): void {
  expose({
    get connection() {
      return group.connection;
    },
    get pcs() {
      const entries = group.facts.publishers.map((one) => [one.userId, group.mesh.link(one)?.peer.pc] as const);
      return Object.fromEntries(entries);
    },
  });
}

function tiles({ facts, mesh }: Group, me: string): Tile[] {
  return facts.publishers
    .filter(({ userId }) => userId !== me)
    .map((one) => {
      const link = mesh.link(one);
      return {
        key: `${one.userId} ${one.sessionId}`,
        name: displayName(one.userId),
        video: one.video,
        audio: one.audio,
        stream: link?.stream ?? null,
        connected: link?.state === 'connected',
        stuck: mesh.isStuck(one),
      };
    });
}

function listen(group: Group): void {
  // Whoever only watches misses nobody.
  askBeforeLeaving(() => group.facts.publishing && group.facts.publishers.length > 1);
  addEventListener('offline', () => group.networkLost());
  addEventListener('online', () => group.networkBack());
  addEventListener('pagehide', () => {
    if (group.connection) group.leave();
  });
  // A page that comes back out of the browser's memory has left its group: it starts anew.
  addEventListener('pageshow', (event) => {
    if (event.persisted) location.reload();
  });
}
