/**
 * Makes elements: tag, attributes, children. The whole of what the page has instead of a framework.
 * Text always goes in as text, never as markup, and no style attribute is ever written.
 */

type Handler = (event: Event) => void;
type Attributes = Record<string, string | number | boolean | undefined | Handler>;
type Child = Node | string;

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  apply(made, attributes);
  made.append(...children);
  return made;
}

export function svg(tag: string, attributes: Attributes, ...children: Child[]): SVGElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
  apply(made, attributes);
  made.append(...children);
  return made;
}

/** Sets the text only when it differs, so that a screen reader is not told the same thing twice. */
export function setText(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

function apply(target: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') target.addEventListener(name.slice(2), value);
    else if (value === true) target.setAttribute(name, '');
    else if (value !== undefined && value !== false) target.setAttribute(name, String(value));
  }
}
