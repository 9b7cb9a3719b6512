/**
 * Keeps the focus on the page: when what was pressed disappears, the focus goes to the next action instead of to the
 * document. Whoever has not used the page yet, or focused something that stays, is left alone.
 */

/** Where the focus was put last, and nobody has moved it since: it may still go to something better. */
let placed: Element | undefined;

/** To be called before a change of what is shown; the function it gives, after it, with the next actions in order. */
export function holdFocus(): (...next: (HTMLElement | null | undefined)[]) => void {
  const before = document.activeElement;
  const wasHeld = before instanceof HTMLElement && before !== document.body;
  return (...next) => {
    if (!wasHeld || (before !== placed && before.isConnected && isUsable(before))) return;
    const target = next.find((one) => one?.isConnected && isUsable(one));
    target?.focus({ preventScroll: true });
    placed = target ?? undefined;
  };
}

function isUsable(target: HTMLElement): boolean {
  const isDisabled = target instanceof HTMLButtonElement && target.disabled;
  return !isDisabled && !target.closest('[hidden]') && target.getClientRects().length > 0;
}
