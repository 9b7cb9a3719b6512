/**
 * Stands in for a camera where there is none: a card that says so, as a video track. Every player plays it, and nobody
 * takes it for a broken broadcast.
 */

const WIDTH = 640;
const HEIGHT = 360;
const CARD_RATE = 10;

/** The track ends when it is stopped, and so does the drawing. */
export function audioCard(room: string): MediaStreamTrack {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  const pen = canvas.getContext('2d');
  let shade = 0;
  const draw = () => {
    if (!pen || track?.readyState === 'ended') return clearInterval(timer);
    shade = 1 - shade;
    // A canvas that does not change gives no frames; nobody sees the last bit of a colour.
    pen.fillStyle = `rgb(18, 22, ${29 + shade})`;
    pen.fillRect(0, 0, WIDTH, HEIGHT);
    pen.fillStyle = '#dbe6ff';
    pen.textAlign = 'center';
    pen.font = '600 40px system-ui, sans-serif';
    pen.fillText('Audio only', WIDTH / 2, HEIGHT / 2);
    pen.font = '24px system-ui, sans-serif';
    pen.fillText(room, WIDTH / 2, HEIGHT / 2 + 48, WIDTH - 40);
  };
  const [track] = canvas.captureStream(CARD_RATE).getVideoTracks();
  if (!track) throw new Error('a canvas has a video track');
  const timer = setInterval(draw, 1000 / CARD_RATE);
  draw();
  return track;
}
