/**
 * The group on screen: tiles, the panel of words, requests for the owner, the row of buttons.
 * Shows what the model says and decides nothing.
 */

import type { Controls } from '../call/controls';
import { element, setText } from '../ui/dom';
import { panel } from '../ui/frame';
import { grid, type Tile } from './grid';
import type { Facts, GroupModel, Request } from './model';

export interface StageActions {
  join(): void;
  ask(): void;
  answer(request: Request, accepted: boolean): void;
}

export interface Stage {
  root: HTMLElement;
  render(model: GroupModel, facts: Readonly<Facts>, tiles: Tile[]): void;
}

export function stage(controls: Controls, actions: StageActions): Stage {
  const people = grid();
  const join = element('button', {
    id: 'join',
    type: 'button',
    class: 'button primary',
    onclick: () => actions.join(),
  });
  const words = panel(element('div', { class: 'actions' }, join));
  const ask = element('button', { id: 'ask', type: 'button', class: 'button primary', onclick: () => actions.ask() });
  const notice = element('p', { id: 'notice', class: 'quiet', role: 'status', 'aria-live': 'polite' });
  const requests = element('ul', { id: 'requests', class: 'requests', 'aria-label': 'Who would like to take part' });
  const buttons = element('div', { class: 'buttons' }, notice, ask, controls.devices, controls.call);
  return {
    root: element(
      'main',
      { class: 'stage' },
      element('div', { class: 'picture' }, people.root, words.root),
      requests,
      buttons,
    ),
    render(model, facts, tiles) {
      const inside = facts.stage === 'joined' || facts.stage === 'recovering';
      controls.devices.hidden = controls.self.hidden = !facts.publishing;
      // Whoever waits to get in may also give up.
      controls.call.hidden = !inside && facts.stage !== 'joining';
      people.render(tiles, facts.publishing ? controls.self : undefined);
      people.root.hidden = !inside;
      words.root.hidden = !model.panel;
      words.show(model.title, model.detail);
      join.hidden = facts.stage !== 'lobby' && !model.retry;
      setText(join, { left: 'Join again', failed: 'Try again' }[String(model.state)] ?? 'Join the group');
      ask.hidden = model.ask === '';
      ask.disabled = !model.canAsk;
      setText(ask, model.ask);
      setText(notice, facts.notice ?? '');
      notice.hidden = !facts.notice;
      showRequests(requests, facts.requests, actions);
    },
  };
}

function showRequests(list: HTMLElement, requests: Request[], { answer }: StageActions): void {
  list.hidden = requests.length === 0;
  const names = requests.map(({ address, name }) => `${name} ${address.sessionId}`).join('\n');
  // Buttons that are replaced under a finger would lose the click.
  if (list.dataset.names === names) return;
  list.dataset.names = names;
  list.replaceChildren(...requests.map((request) => requestItem(request, answer)));
}

function requestItem(request: Request, answer: StageActions['answer']): HTMLElement {
  const button = (text: string, style: string, accepted: boolean) =>
    element('button', { type: 'button', class: `button ${style}`, onclick: () => answer(request, accepted) }, text);
  const words = element('span', {}, `${request.name} would like to take part`);
  return element('li', {}, words, button('Let in', 'primary', true), button('Not now', 'plain', false));
}
