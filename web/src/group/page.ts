/**
 * The page /group/{room}: puts group, mesh and stage together and connects them with the browser's events.
 * Camera and microphone are asked for only when this person takes part. No rule of a group stands here.
 */

import { controls } from '../call/controls';
import { LocalMedia, type OutgoingMedia } from '../call/media';
import { Peer } from '../call/peer';
import { browserSeatStorage } from '../seats/seat-storage';
import { comeBack } from '../seats/seated-membership';
import { Seats } from '../seats/seats';
import { bar, setState } from '../ui/frame';
import { expose } from '../ui/handle';
import { displayName } from '../ui/names';
import { pageEnvironment } from '../ui/steady-timers';
import { tabIdentity } from '../ui/tab';
import type { Tile } from './grid';
import { Group } from './group';
import type { MakePeer } from './mesh';
import { describe } from './model';
import { stage } from './stage';

export function showGroup(root: HTMLElement, room: string, url: string): void {
  document.title = `${room} · Roomcast`;
  const media = new LocalMedia();
  const devices = new Devices(media);
  const env = pageEnvironment();
  const identity = tabIdentity('m2m', room);
  const seats = new Seats(`m2m.${room}`, browserSeatStorage(), Date.now);
  const join = () => void comeBack(identity, seats).then(() => group.join());
  const top = bar(room);
  const row = controls(media, () => group.leave());
  const show = stage(row, {
    join,
    ask: () => void devices.acquire().then(() => group.ask()),
    answer: (request, accepted) => group.answer(request, accepted),
  });
  const makePeer: MakePeer = (address, handlers) =>
    new Peer(
      address,
      true,
      [],
      whilePublishing(media, () => group.facts.publishing),
      env,
      handlers,
    );
  const render = () => {
    const model = describe(group.facts);
    setState(model.state);
    top.setStatus(model.status);
    row.render();
    show.render(model, group.facts, tiles(group, identity.session().userId));
    if (group.facts.publishing) void row.localVideo.play().catch(() => {});
  };
  const group = new Group(url, room, identity, media, env, seats, makePeer, {
    changed({ stage: where, publishing }) {
      if (where === 'gone' || where === 'failed') devices.release();
      devices.follow(publishing);
      render();
    },
  });
  media.onchange = (kind) => group.mediaChanged(kind);
  root.replaceChildren(top.root, show.root);
  render();
  exposeGroup(group);
  listen(group);
  if (new URLSearchParams(location.search).has('autojoin')) join();
}

/** Camera and microphone, asked for once until they are let go of. */
class Devices {
  readonly #media: LocalMedia;
  #acquired: Promise<void> | undefined;
  #publishing = false;

  constructor(media: LocalMedia) {
    this.#media = media;
  }

  /** Takes the devices of who begins to publish, and lets go of them at the end. */
  follow(publishing: boolean): void {
    if (publishing === this.#publishing) return;
    this.#publishing = publishing;
    if (publishing) void this.acquire();
    else this.release();
  }

  acquire(): Promise<void> {
    this.#acquired ??= this.#media.acquire().then(() => {
      this.#media.onchange('audio');
      this.#media.onchange('video');
    });
    return this.#acquired;
  }

  release(): void {
    if (!this.#acquired) return;
    this.#acquired = undefined;
    this.#media.release();
  }
}

/** A viewer who has asked already has a camera, but sends nothing yet. */
function whilePublishing(media: LocalMedia, publishing: () => boolean): OutgoingMedia {
  return {
    stream: media.stream,
    track: (kind) => (publishing() ? media.track(kind) : null),
    isAvailable: (kind) => publishing() && media.isAvailable(kind),
  };
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
