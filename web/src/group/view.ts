/**
 * The group on screen: tiles, the panel of words, requests for the owner, the row of buttons.
 * Shows what the model says and decides nothing.
 */

import type { Controls } from '../rtc/controls';
import { START_PAGE } from '../ui/address';
import { element, setText } from '../ui/dom';
import { panel } from '../ui/frame';
import { soundButton } from '../ui/sound-button';
import { grid, type Tile } from './grid';
import type { GroupModel, PageState } from './model';
import type { Request } from './requests';

export interface ViewActions {
  join(): void;
  ask(): void;
  withdraw(): void;
  tryRoutes(): void;
  answer(request: Request, accepted: boolean): void;
}

export interface View {
  root: HTMLElement;
  /** The next actions, one of which gets the focus when what had it is gone. Answers to others are never among them. */
  actions: HTMLElement[];
  render(model: GroupModel, pageState: Readonly<PageState>, tiles: Tile[], devicesOn: boolean): void;
}

export function groupView(controls: Controls, other: HTMLElement, actions: ViewActions): View {
  const sound = soundButton();
  const people = grid(sound);
  const join = element('button', { id: 'join', type: 'button', class: 'button primary', onclick: actions.join });
  const home = element('a', { href: START_PAGE, class: 'button plain' }, 'Start page');
  const overlay = panel(element('div', { class: 'actions' }, other, join, home));
  const asking = askButtons(actions);
  const route = routeNotice(actions.tryRoutes);
  const requests = requestList(actions.answer);
  const buttons = element('div', { class: 'buttons' }, ...asking.roots);
  const picture = element(
    'div',
    { class: 'picture' },
    people.root,
    people.spoken,
    overlay.root,
    route.root,
    sound.root,
  );
  return {
    root: element('main', { class: 'stage' }, picture, ...requests.roots, buttons),
    actions: [join, ...asking.actions, home],
    render(model, pageState, tiles, devicesOn) {
      const inside = pageState.stage === 'joined' || pageState.stage === 'recovering';
      // A camera that is on is seen to be on, whatever it is on for.
      takeFromLobby(buttons, controls);
      const shown = pageState.publishing || pageState.asked === 'waiting' || devicesOn;
      controls.devices.hidden = controls.self.hidden = !shown;
      // A person who waits to get in may also give up.
      controls.call.hidden = !inside && pageState.stage !== 'joining';
      people.render(tiles, shown ? controls.self : undefined);
      people.root.hidden = !inside;
      overlay.root.hidden = !model.panel;
      overlay.show(model.title, model.detail);
      join.hidden = !model.retry;
      home.hidden = pageState.stage !== 'gone' && pageState.stage !== 'failed';
      setText(join, model.state === 'left' ? 'Join again' : 'Try again');
      asking.render(model, pageState.notice);
      route.show(model.route);
      requests.render(pageState.requests);
    },
  };
}

/** The buttons of a viewer who wants to join in, and what could not be done. */
function askButtons(actions: ViewActions) {
  const ask = element('button', { id: 'ask', type: 'button', class: 'button primary', onclick: actions.ask });
  const withdraw = element('button', {
    id: 'withdraw',
    type: 'button',
    class: 'button plain',
    onclick: actions.withdraw,
    // It gets the focus from *Ask*: the key that pressed that may still be held down.
    onkeydown: (event) => {
      if (event instanceof KeyboardEvent && event.repeat) event.preventDefault();
    },
  });
  setText(withdraw, 'Withdraw request');
  const notice = element('p', { id: 'notice', class: 'quiet', role: 'status', 'aria-live': 'polite' });
  return {
    roots: [notice, ask, withdraw],
    actions: [ask, withdraw],
    render(model: GroupModel, text = '') {
      ask.hidden = model.ask === '';
      setText(ask, model.ask);
      withdraw.hidden = !model.canWithdraw;
      setText(notice, text);
      notice.hidden = text === '';
    },
  };
}

/** Says over the tiles whose media do not come, with a button to try anew. */
function routeNotice(tryAnew: () => void) {
  const words = element('p', { role: 'status', 'aria-live': 'polite' });
  const again = element(
    'button',
    { id: 'try-route', type: 'button', class: 'button primary', onclick: tryAnew },
    'Try again',
  );
  const root = element('div', { id: 'route', class: 'route', hidden: true }, words, again);
  return {
    root,
    show(text: string) {
      root.hidden = text === '';
      setText(words, text);
    },
  };
}

function takeFromLobby(buttons: HTMLElement, controls: Controls): void {
  if (controls.devices.parentElement !== buttons) buttons.append(controls.devices, controls.call);
}

/** Requests, announced when they come; the focus stays where it is. */
function requestList(answer: ViewActions['answer']) {
  const list = element('ul', { id: 'requests', class: 'requests', 'aria-label': 'People who want to join in' });
  const spoken = element('p', { class: 'spoken', role: 'status', 'aria-live': 'polite' });
  let shown = '';
  return {
    roots: [spoken, list],
    render(requests: Request[]) {
      list.hidden = requests.length === 0;
      const names = requests.map(({ address, name }) => `${name} ${address.sessionId}`).join('\n');
      // Buttons that are replaced under a finger would lose the click.
      if (names === shown) return;
      shown = names;
      setText(spoken, requests.map(wish).join('. '));
      list.replaceChildren(...requests.map((request) => requestItem(request, answer)));
    },
  };
}

function wish({ name }: Request): string {
  return `${name} wants to join in`;
}

/** Each button names its person, for those who hear one after the other. */
function requestItem(request: Request, answer: ViewActions['answer']): HTMLElement {
  const button = (text: string, style: string, accepted: boolean) => {
    const attributes = { type: 'button', class: `button ${style}`, 'aria-label': `${text}: ${request.name}` };
    return element('button', { ...attributes, onclick: () => answer(request, accepted) }, text);
  };
  const words = element('span', {}, wish(request));
  return element('li', {}, words, button('Let in', 'primary', true), button('Not now', 'plain', false));
}
