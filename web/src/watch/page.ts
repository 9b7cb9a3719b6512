/**
 * The page /watch/{room}: the picture, the delay behind live, sound and full screen, and the words for
 * every state. Connects the browser's events with the broadcast; no rule of watching stands here.
 */

import type { Access } from '../access/access';
import { baseAddress, START_PAGE } from '../ui/address';
import { element, setText } from '../ui/dom';
import { holdFocus, takeFocus } from '../ui/focus';
import { bar, panel, type RoundButton, roundButton, setState } from '../ui/frame';
import { expose } from '../ui/handle';
import { icon } from '../ui/icons';
import { otherKind } from '../ui/other-kind';
import { soundButton } from '../ui/sound-button';
import { pageEnvironment } from '../ui/steady-timers';
import { tabIdentity } from '../ui/tab';
import { delayText } from './delay';
import { fullscreenButton, leaveFullscreen } from './fullscreen';
import { type Insight, insight } from './insight';
import { describe, type PageState } from './model';
import { type QualityMenu, qualityMenu } from './quality';
import { signedAddress } from './signed';
import { type MediaAccess, Watch } from './watch';

const REFRESH_MS = 250;
/** Further behind than this, a way back to live is offered. */
const FAR_BEHIND_S = 10;

export function showWatch(root: HTMLElement, room: string, url: string, access: Access): void {
  document.title = `${room} · Roomcast`;
  const top = bar(room);
  const kind = otherKind(url, room, 'p2m', access.token);
  const view = screen(kind.root);
  const identity = tabIdentity('p2m', room, access.token);
  const handlers = {
    changed(pageState: PageState) {
      if (access.asksFor(room, pageState.failure)) return stopPlaying(watch);
      top.setStatus(describe(pageState).status);
      kind.refused(pageState.failure, (message) => watch.refuse(message));
      const focus = holdFocus(pageState.failure?.otherKind);
      view.render(pageState);
      focus(kind.root, ...view.actions);
      // Nothing else is left to do.
      if (pageState.room === 'failed') takeFocus([kind.root, ...view.actions], pageState.failure?.otherKind);
    },
    muted: () => view.soundHeld(),
  };
  const watch = new Watch(url, room, identity, view.video, pageEnvironment(), handlers, mediaAccess(access, room));
  access.token.onchange = () => watch.tokenChanged();
  const details = insight(watch.player);
  const quality = qualityMenu(watch.player);
  view.attach(details, quality.root);
  root.replaceChildren(top.root, view.root);
  view.goLive.addEventListener('click', () => watch.player.goLive());
  refresh(watch, view, details, quality);
  handle(watch, details);
  listen(watch);
  watch.start();
}

/** Shows the numbers of the moment, again and again. */
function refresh(watch: Watch, view: Screen, details: Insight, quality: QualityMenu): void {
  setInterval(() => {
    watch.player.keepLive();
    quality.render();
    view.showCard(watch.player.isAudioOnly);
    view.showMute(!watch.player.isSilent);
    const delay = watch.player.delay();
    setText(view.delay, delayText(delay));
    if (view.hasPicture()) details.measure(Date.now());
    view.goLive.hidden = delay === undefined || (delay < FAR_BEHIND_S && !view.video.paused);
  }, REFRESH_MS);
}

type Screen = ReturnType<typeof screen>;

function mediaAccess(access: Access, room: string): MediaAccess | undefined {
  if (access.token.current === undefined) return undefined;
  return {
    sign: (address) => signedAddress(address, access.token.current, baseAddress()),
    refusal: () => access.refusal('watch', room),
  };
}

/** A picture that is not shown any more is not heard either. */
function stopPlaying({ player }: Watch): void {
  player.unload();
  player.video.pause();
}

function screen(other: HTMLElement) {
  const video = element('video', { id: 'player', playsinline: true, autoplay: true, 'aria-label': 'The broadcast' });
  const delay = element('p', { id: 'delay', class: 'delay' });
  const goLive = goLiveButton();
  const { again, home, overlay } = panelWithActions(other);
  const sound = soundButton();
  const card = element('div', { class: 'audio-only', hidden: true }, icon('sound'), element('p', {}, 'Audio only'));
  const picture = element('div', { class: 'picture' }, video, card, overlay.root, sound.root);
  const mute = muteButton(video);
  const root = element('main', { class: 'stage watch' });
  const full = fullscreenButton(root);
  const buttons = element('div', { class: 'buttons' }, delay, goLive, mute.root, full.root);
  root.append(picture, buttons);
  return {
    root,
    /** Puts the graph below the buttons, and its own button and the choice of quality among them. */
    attach(details: Insight, quality: HTMLElement) {
      buttons.insertBefore(quality, mute.root);
      buttons.insertBefore(details.button.root, mute.root);
      root.append(element('div', { class: 'below' }, details.root));
    },
    hasPicture: () => !buttons.hidden,
    video,
    /** The next actions, one of which gets the focus when what had it is gone. */
    actions: [again, mute.root, home],
    delay,
    goLive,
    soundHeld: () => sound.held(video),
    showCard(isAudioOnly: boolean) {
      card.hidden = !isAudioOnly;
    },
    showMute(isShown: boolean) {
      mute.root.hidden = !isShown;
    },
    render(pageState: PageState) {
      const model = describe(pageState);
      setState(model.state);
      overlay.root.hidden = !model.panel;
      overlay.show(model.title, model.detail);
      again.hidden = !model.retry;
      home.hidden = !model.home;
      sound.setShown(!model.panel);
      buttons.hidden = !pageState.everPlayed || model.state === 'ended' || model.state === 'failed';
      if (buttons.hidden) leaveFullscreen();
    },
  };
}

function goLiveButton(): HTMLButtonElement {
  const button = element('button', { id: 'go-live', type: 'button', class: 'button primary', hidden: true });
  button.append(icon('live'), 'Back to live');
  return button;
}

function panelWithActions(other: HTMLElement) {
  const again = element('button', { id: 'retry', type: 'button', class: 'button primary' }, 'Try again');
  again.addEventListener('click', () => location.reload());
  const home = element('a', { href: START_PAGE, class: 'button plain' }, 'Start page');
  return { again, home, overlay: panel(element('div', { class: 'actions' }, other, again, home)) };
}

function muteButton(video: HTMLVideoElement): RoundButton {
  const mute = roundButton('mute', () => {
    video.muted = !video.muted;
  });
  const render = () => showSound(mute, video);
  video.addEventListener('volumechange', render);
  render();
  return mute;
}

function showSound(button: RoundButton, { muted }: HTMLVideoElement): void {
  button.set(muted ? 'soundOff' : 'sound', muted ? 'Unmute' : 'Mute', muted);
}

function listen(watch: Watch): void {
  addEventListener('offline', () => watch.networkLost());
  addEventListener('online', () => watch.networkBack());
  addEventListener('pagehide', () => watch.leave());
  addEventListener('pageshow', (event) => {
    if (event.persisted) location.reload();
  });
}

function handle(watch: Watch, details: Insight): void {
  expose({
    get hls() {
      return watch.player.hls;
    },
    get video() {
      return watch.player.video;
    },
    get connection() {
      return watch.connection;
    },
    get stalls() {
      return watch.player.stalls;
    },
    delay: () => watch.player.delay(),
    get insight() {
      const { video, stalls } = watch.player;
      const { droppedVideoFrames } = video.getVideoPlaybackQuality();
      return { samples: details.samples, picture: watch.player.picture(), droppedVideoFrames, stalls };
    },
  });
}
