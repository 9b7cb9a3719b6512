/** The form for a token, in the place of a page that the server does not let this tab into. */

import { START_PAGE } from '../ui/address';
import { element, setText } from '../ui/dom';
import { bar, panel, setState } from '../ui/frame';
import type { UserMessage } from '../ui/user-messages';
import { tokenIn } from './token';

/** @param give takes the token that was entered */
export function tokenForm(root: HTMLElement, room: string, message: UserMessage, give: (token: string) => void): void {
  const top = bar(room);
  const again = element('button', { id: 'retry', type: 'button', class: 'button plain' }, 'Try again');
  again.addEventListener('click', () => location.reload());
  const home = element('a', { href: START_PAGE, class: 'button plain' }, 'Start page');
  const entry = field(give);
  const shown = panel(entry.form, element('div', { class: 'actions' }, again, home));
  setState('token');
  top.setStatus(message.title);
  shown.show(message.title, [message.said, message.detail].filter(Boolean).join(' '));
  root.replaceChildren(top.root, element('main', { class: 'stage' }, element('div', { class: 'picture' }, shown.root)));
  entry.focus();
}

function field(give: (token: string) => void): { form: HTMLElement; focus(): void } {
  const problem = element('p', { id: 'token-problem', class: 'field-problem', 'aria-live': 'polite' });
  const input = element('input', {
    id: 'token',
    class: 'field',
    placeholder: 'Token or address',
    'aria-label': 'Token, or an address with a token',
    'aria-describedby': problem.id,
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
  });
  input.addEventListener('input', () => {
    input.removeAttribute('aria-invalid');
    setText(problem, '');
  });
  const submit = (event: Event) => {
    event.preventDefault();
    const token = tokenIn(input.value);
    if (token !== undefined) return give(token);
    input.setAttribute('aria-invalid', 'true');
    setText(problem, input.value.trim() === '' ? 'Paste a token first.' : 'No token is in that text.');
    input.focus();
  };
  const go = element('button', { id: 'token-go', type: 'submit', class: 'button primary' }, 'Continue');
  const form = element(
    'form',
    { class: 'token-form', novalidate: true, onsubmit: submit },
    element('div', { class: 'link-row' }, input, go),
    problem,
  );
  return { form, focus: () => input.focus() };
}
