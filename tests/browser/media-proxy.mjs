// A UDP proxy for the picture and sound of one page, so that a tunnel can swallow them too.
//
// The page is made to know the others only by addresses of the proxy, and to tell nobody its own. A page that hears
// from it answers the proxy, which is a network that translates addresses.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** Leads the media of every peer connection that this page will make through a proxy of its own. */
export async function startMediaProxy(t, page) {
  const proxy = new MediaProxy();
  t.after(() => proxy.close());
  await page.exposeFunction('relayTo', (port, address) => proxy.relayTo(port, address));
  await page.addInitScript(useProxy);
  return proxy;
}

class MediaProxy {
  #relays = new Map();
  #dark = false;

  darken() {
    this.#dark = true;
  }

  /** Packets sent in the dark are lost. */
  lighten() {
    this.#dark = false;
  }

  close() {
    for (const relay of this.#relays.values()) relay.then(({ close }) => close());
  }

  /** Gives the port at which the proxy stands in for an address of this machine. */
  async relayTo(port, address) {
    const name = `${address} ${port}`;
    if (!this.#relays.has(name)) this.#relays.set(name, this.#relay(port, address));
    return (await this.#relays.get(name)).port;
  }

  async #relay(port, address) {
    const near = createSocket('udp4').bind(0, address);
    const far = createSocket('udp4').bind(0, address);
    await Promise.all([once(near, 'listening'), once(far, 'listening')]);
    let page;
    near.on('message', (bytes, from) => {
      page = from;
      if (!this.#dark) far.send(bytes, port, address);
    });
    far.on('message', (bytes) => {
      if (!this.#dark && page) near.send(bytes, page.port, page.address);
    });
    const close = () => {
      near.close();
      far.close();
    };
    return { port: near.address().port, close };
  }
}

/** Runs in the page, before anything of it. */
function useProxy() {
  const { prototype } = RTCPeerConnection;
  const { addIceCandidate, setRemoteDescription } = prototype;
  const withoutCandidates = (sdp) => sdp.replace(/^a=candidate:.*\r\n/gm, '');
  const { get } = Object.getOwnPropertyDescriptor(prototype, 'localDescription');
  Object.defineProperty(prototype, 'localDescription', {
    get() {
      const description = get.call(this);
      return description && { type: description.type, sdp: withoutCandidates(description.sdp) };
    },
  });
  Object.defineProperty(prototype, 'onicecandidate', { set() {} });
  prototype.setRemoteDescription = function proxied({ type, sdp }) {
    return setRemoteDescription.call(this, { type, sdp: withoutCandidates(sdp) });
  };
  prototype.addIceCandidate = async function proxied(init) {
    const parts = init.candidate.split(' ');
    const [, , transport, , address, port] = parts;
    if (transport?.toLowerCase() !== 'udp' || address.includes(':')) return;
    parts[5] = String(await window.relayTo(Number(port), address));
    await addIceCandidate.call(this, { ...init, candidate: parts.join(' ') });
  };
}
