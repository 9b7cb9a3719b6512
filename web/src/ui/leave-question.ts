/** Asks before a page is left by a link, by Back or by closing it while others would notice. */

/** @param isInvolved whether somebody else sees or hears this person, or this person them */
export function askBeforeLeaving(isInvolved: () => boolean): void {
  addEventListener('beforeunload', (event) => {
    if (isInvolved()) event.preventDefault();
  });
}
