/**
 * Keeps the focus on the page: when what was pressed disappears, the focus goes to the next action instead of to the
 * document. A person who has not used the page yet, or focused something that stays, is left alone: events of others
 * never move the focus, or the key that is pressed next would do something else.
 */

/** Where the focus was put on the way to somewhere: it may still go to something better. */
let placed: Element | undefined;
/** The element with the focus is gone, and nothing was there yet to take it. */
let isOwed = false;

/**
 * To be called before a change of what is shown; the function it gives, after it, with the next actions in order.
 * @param isTransit the page is still on its way to where the last press leads
 */
export function holdFocus(isTransit = false): (...next: (HTMLElement | null | undefined)[]) => void {
  const before = document.activeElement;
  const wasHeld = before instanceof HTMLElement && before !== document.body;
  return (...next) => {
    if (wasHeld ? before !== placed && before.isConnected && isUsable(before) : !isOwed) return;
    place(next, isTransit);
  };
}

/** Gives the focus to the next action, unless something on the page has it. */
export function takeFocus(next: (HTMLElement | null | undefined)[], isTransit = false): void {
  const { activeElement } = document;
  const isFree = activeElement === null || activeElement === document.body || activeElement === placed;
  if (isFree || isOwed) place(next, isTransit);
}

function place(next: (HTMLElement | null | undefined)[], isTransit: boolean): void {
  const target = next.find((one) => one?.isConnected && isUsable(one));
  target?.focus({ preventScroll: true });
  isOwed = !target;
  placed = isTransit ? (target ?? undefined) : undefined;
}

function isUsable(target: HTMLElement): boolean {
  const isDisabled = target instanceof HTMLButtonElement && target.disabled;
  return !isDisabled && !target.closest('[hidden]') && target.getClientRects().length > 0;
}
