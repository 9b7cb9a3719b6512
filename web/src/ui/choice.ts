/** A labelled choice from a list; hidden while there is nothing to choose between. */

import { element, setText } from './dom';

export interface Option {
  value: string;
  name: string;
}

export interface Choice {
  root: HTMLElement;
  readonly value: string;
  readonly isEmpty: boolean;
  set(options: Option[]): void;
  /** Adds to the label what differs from the choice for now. */
  setNote(note: string): void;
  /** Shows a value as the chosen one, if it is in the list. */
  select(value: string | undefined): void;
}

export function choice(id: string, label: string, chosen: (value: string) => void): Choice {
  const field = element('select', { id, class: 'field' });
  field.addEventListener('change', () => chosen(field.value));
  const name = element('label', { for: id }, label);
  const root = element('div', { class: 'choice' }, name, field);
  let shown = '';
  return {
    root,
    get value() {
      return field.value;
    },
    get isEmpty() {
      return field.options.length === 0;
    },
    set(options) {
      const key = JSON.stringify(options);
      if (key === shown) return;
      shown = key;
      field.replaceChildren(...options.map(({ value, name }) => element('option', { value }, name)));
      field.disabled = options.length === 0;
    },
    setNote: (note) => setText(name, note ? `${label} (${note})` : label),
    select(value) {
      if (value !== undefined && value !== field.value) field.value = value;
    },
  };
}
