/** Timers that browsers do not slow down while the page is hidden: tells the page when one is due. */

const running = new Map();

self.onmessage = ({ data: { id, ms } }) => {
  clearTimeout(running.get(id));
  running.delete(id);
  // Without a time it is a cancellation.
  if (ms === undefined) return;
  const ring = () => {
    running.delete(id);
    self.postMessage(id);
  };
  running.set(id, setTimeout(ring, ms));
};
