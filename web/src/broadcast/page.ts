/**
 * The page /broadcast/{room}: puts devices, broadcast and studio together and connects them with the browser's
 * events. A reload while on air goes on by itself. No rule of a broadcast stands here.
 */

import type { Access } from '../access/access';
import { watchDevices } from '../rtc/device-watch';
import { LocalMedia } from '../rtc/media';
import { browserSeatStorage } from '../seats/seat-storage';
import { comeBack } from '../seats/seated-membership';
import { Seats } from '../seats/seats';
import { roomAddress } from '../ui/address';
import { holdFocus } from '../ui/focus';
import { bar } from '../ui/frame';
import { expose } from '../ui/handle';
import { askBeforeLeaving } from '../ui/leave-question';
import { otherKind } from '../ui/other-kind';
import { type ReloadMark, reloadMark } from '../ui/reload-mark';
import { pageEnvironment } from '../ui/steady-timers';
import { tabIdentity } from '../ui/tab';
import { Broadcast } from './broadcast';
import { audioCard } from './card';
import { CARD_QUALITY, FRAME_RATE, QUALITIES, type Quality, type QualityName } from './encoders';
import { HiddenTab } from './hidden-tab';
import { clockText, describe, statsText } from './model';
import { ANY_CAMERA, type Studio, studio } from './studio';

const REFRESH_MS = 500;

export function showBroadcast(root: HTMLElement, room: string, url: string, access: Access): void {
  document.title = `${room} · Roomcast`;
  const media = new LocalMedia();
  const mark = reloadMark(`on-air.${room}`);
  const top = bar(room);
  const kind = otherKind(url, room, 'p2m', access.token);
  const view = studio(roomAddress('watch', room), kind.root, {
    start: () => void start(),
    stop: () => void broadcast.stop(),
    mute: () => void media.setMicrophone(!media.isOn('audio')),
    again: () => location.reload(),
    camera: (deviceId) => takeCamera(media, broadcast, view, deviceId),
    microphone: (deviceId) => void media.replace('audio', { deviceId: { exact: deviceId } }),
    quality: () => takeQuality(media, broadcast, view),
  });
  view.quality.select(mark.value ?? 'medium');
  const identity = tabIdentity('p2m', room, access.token);
  const seats = new Seats(`p2m.${room}`, browserSeatStorage(), Date.now);
  const start = async () => {
    await comeBack(identity, seats);
    if (!media.isAvailable('video')) goWithoutCamera(media, broadcast, room);
    broadcast.start();
  };
  const broadcast = new Broadcast(url, room, identity, media, quality(view), pageEnvironment(), seats, {
    changed(pageState) {
      if (access.asksFor(room, pageState.failure)) return;
      const model = describe(pageState);
      top.setStatus(model.status);
      kind.refused(pageState.failure, (message) => broadcast.refuse(message));
      const focus = holdFocus(pageState.failure?.otherKind);
      view.render(model, media);
      focus(kind.root, ...view.actions);
      mark.set(broadcast.isOnAir ? view.quality.value : undefined);
    },
  });
  media.onchange = (kind) => broadcast.mediaChanged(kind);
  root.replaceChildren(top.root, view.root);
  top.setStatus(describe(broadcast.pageState).status);
  view.render(describe(broadcast.pageState), media);
  handle(broadcast);
  listen(broadcast, media, view, mark);
  tell(broadcast, view);
  kind.look((message) => broadcast.refuse(message));
  void begin(media, broadcast, view, mark.wasReloaded ? start : undefined);
}

async function begin(media: LocalMedia, broadcast: Broadcast, view: Studio, goOn?: () => Promise<void>): Promise<void> {
  // Without https there is no camera and no encoder: then the camera is the better word for it.
  if (isSecureContext && !(await broadcast.check())) return;
  media.constrain('video', cameraConstraints(view));
  await media.acquire();
  broadcast.mediaChanged();
  await listDevices(media, view);
  if (media.isAvailable('video') || media.isAvailable('audio')) await goOn?.();
}

/** Viewers of a broadcast without a camera see that it is one. */
function goWithoutCamera(media: LocalMedia, broadcast: Broadcast, room: string): void {
  broadcast.setQuality(CARD_QUALITY);
  media.supply(audioCard(room));
}

/** The chosen camera in the place of the one in use, or of the card. */
function takeCamera(media: LocalMedia, broadcast: Broadcast, view: Studio, deviceId: string): void {
  if (deviceId === '') return;
  if (media.isSupplied('video')) broadcast.setQuality(quality(view));
  void media.replace('video', cameraConstraints(view, deviceId === ANY_CAMERA ? undefined : deviceId));
}

function takeQuality(media: LocalMedia, broadcast: Broadcast, view: Studio): void {
  broadcast.setQuality(quality(view));
  if (media.track('video') && !media.isSupplied('video')) void media.replace('video', cameraConstraints(view));
}

function quality(view: Studio): Quality {
  return QUALITIES[view.quality.value as QualityName] ?? QUALITIES.medium;
}

/** Returns the constraints for the camera: the size that the quality asks for, and the chosen one, where there is a choice. */
function cameraConstraints(view: Studio, deviceId?: string): MediaTrackConstraints {
  const { width, height } = quality(view);
  const size = {
    width: { ideal: width },
    height: { ideal: height },
    frameRate: { ideal: FRAME_RATE, max: FRAME_RATE },
  };
  return deviceId ? { ...size, deviceId: { exact: deviceId } } : size;
}

async function listDevices(media: LocalMedia, view: Studio): Promise<void> {
  const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  view.listDevices(devices, media);
}

function tell(broadcast: Broadcast, view: Studio): void {
  let since: number | undefined;
  const tab = new HiddenTab();
  const look = () => {
    const { droppedFrames, heldFrames } = broadcast.stats;
    broadcast.tabLooked(tab.look(performance.now(), document.hidden, droppedFrames + heldFrames));
  };
  document.addEventListener('visibilitychange', look);
  setInterval(() => {
    look();
    const { arrived, stage } = broadcast.pageState;
    if (stage !== 'on-air') return view.showStats('');
    if (!arrived) return;
    since ??= performance.now();
    view.showClock(clockText((performance.now() - since) / 1000));
    view.showStats(statsText(broadcast.stats));
  }, REFRESH_MS);
}

function listen(broadcast: Broadcast, media: LocalMedia, view: Studio, mark: ReloadMark): void {
  addEventListener('offline', () => broadcast.networkLost());
  addEventListener('online', () => broadcast.networkBack());
  askBeforeLeaving(() => broadcast.isOnAir);
  addEventListener('pagehide', () => broadcast.suspend());
  // A page that comes back out of the browser's memory asks before it goes on air again.
  addEventListener('pageshow', (event) => {
    if (!event.persisted) return;
    mark.set(undefined);
    location.reload();
  });
  watchDevices(media, () => void listDevices(media, view));
}

function handle(broadcast: Broadcast): void {
  expose({
    get connection() {
      return broadcast.connection;
    },
    get form() {
      return broadcast.form;
    },
    get stats() {
      return { ...broadcast.stats };
    },
  });
}
