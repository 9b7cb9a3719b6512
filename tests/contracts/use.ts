// One message of each kind, made with the generated types. A kind that is left out does not compile.

import type * as client from "./generated/typescript/client-messages.js";
import type { DataAnswer } from "./generated/typescript/data-answers.js";
import type * as data from "./generated/typescript/data-signals.js";
import type * as server from "./generated/typescript/server-messages.js";

const ss: client.Session = { userId: "ann", sessionId: "ann-1", category: "stream", host: "Web", deviceId: "laptop" };
const call = { ch: "p2p", rid: "demo", ss } as const;
const group = { ch: "m2m", rid: "demo", ss, to: "bob" } as const;
const sdp = "v=0\r\n";

type Sent = { [A in client.ClientMessage["action"]]: Extract<client.ClientMessage, { action: A }>[] };

export const sent: Sent = {
  join: [{ action: "join", data: { s: "JOIN", ...call, ve: true, ae: true, op: { roomCreating: true } } }],
  leave: [{ action: "leave", data: { s: "LEAVE", ...call } }],
  renew: [{ action: "renew", data: { s: "RENEW", token: "a.b.c" } }],
  heartbeat: [{ action: "heartbeat", data: { s: "HEARTBEAT", ...call, bid: "1", sq: 7 } }],
  updateVideo: [{ action: "updateVideo", data: { s: "UPDATE", ...call, ve: false, ae: true } }],
  kick: [{ action: "kick", data: { s: "KICK", ...group } }],
  publishRequest: [{ action: "publishRequest", data: { s: "PUBLISH_REQUEST", ch: "m2m", rid: "demo", ss, ve: true, ae: true } }],
  publishAccept: [{ action: "publishAccept", data: { s: "PUBLISH_ACCEPT", ...group } }],
  publishReject: [{ action: "publishReject", data: { s: "PUBLISH_REJECT", ...group } }],
  offer: [
    { action: "offer", data: { s: "OFFER", ...call, sdp } },
    { action: "offer", data: { s: "OFFER", ...group, to: { userId: "bob", sessionId: "bob-1" }, sdp } },
    // @ts-expect-error in a group an offer names its recipient
    { action: "offer", data: { s: "OFFER", ch: "m2m", rid: "demo", ss, sdp } },
  ],
  answer: [
    { action: "answer", data: { s: "ANSWER", ...call, sdp } },
    { action: "answer", data: { s: "ANSWER", ...group, sdp } },
  ],
  iceCandidate: [
    { action: "iceCandidate", data: { s: "ICE", ...call, sdp: { candidate: "", sdpMid: "0" } } },
    { action: "iceCandidate", data: { s: "ICE", ...group, sdp: "candidate:1 1 UDP 1 127.0.0.1 9 typ host" } },
  ],
  // @ts-expect-error the signal's name fits its action
  watch: [{ action: "watch", data: { s: "WATCH", ...group } }, { action: "watch", data: { s: "KICK", ...group } }],
};

type Forwarded = Exclude<server.ServerMessage, { c: number }>;
type Forwards = { [S in Forwarded["s"]]: Extract<Forwarded, { s: S }> };

export const forwarded: Forwards = {
  KICK: { sq: 1, s: "KICK", ...group },
  PUBLISH_REQUEST: { sq: 2, s: "PUBLISH_REQUEST", ch: "m2m", rid: "demo", ss, ve: true, ae: true },
  PUBLISH_ACCEPT: { sq: 3, s: "PUBLISH_ACCEPT", ...group },
  PUBLISH_REJECT: { sq: 4, s: "PUBLISH_REJECT", ...group },
  OFFER: { sq: 5, s: "OFFER", ...call, sdp },
  ANSWER: { sq: 6, s: "ANSWER", ...group, sdp },
  ICE: { sq: 7, s: "ICE", ...group, sdp },
  WATCH: { sq: 8, s: "WATCH", ...group },
};

type Ack = Extract<server.ServerMessage, { c: 200 }>;
type Acks = { [S in Ack["s"]]: Extract<Ack, { s: S }> };

const { category, host, deviceId, ...user } = ss;
const ann: server.Participant = { id: "ann-1", role: "admin", video: true, audio: true, publish: true, ...user, category, host, deviceId };
const list = { rid: "demo", pps: [ann] };
const body: server.JoinAckBody = {
  ...list,
  pt: "admin",
  eg: "native",
  resumed: false,
  sq: 0,
  rt: "token",
  hb: { interval: 3000, timeout: 10000 },
  es: { icfg: { is: [], iceServers: [] } },
};

export const acks: Acks = {
  JOIN: { c: 200, s: "JOIN", b: body },
  HEARTBEAT: { c: 200, s: "HEARTBEAT", b: { ...list, bid: "1" } },
  RENEW: { c: 200, s: "RENEW", b: { exp: 1732287600 } },
  PUBLISH_LIST_CHANGED: { sq: 9, c: 200, s: "PUBLISH_LIST_CHANGED", b: list },
  KEEPALIVE: { c: 200, s: "KEEPALIVE", b: { ts: 1732287600123 } },
  ROOM_CLOSED: { c: 200, s: "ROOM_CLOSED", b: { rid: "demo", reason: "ended" } },
  GAP: { c: 200, s: "GAP", b: { rid: "demo", from: 3, to: 9 } },
  RESEND: { c: 200, s: "RESEND", b: { rid: "demo", n: 7 } },
};

export const refused: server.ErrorAck = { c: 4001, s: "JOIN", b: { msg: "there is no such room" } };

/** A client tells acks from forwarded signals by `c`, and each by `s`. */
export function sequence(message: server.ServerMessage): number | undefined {
  if (!("c" in message)) return message.sq;
  return message.c === 200 && message.s === "PUBLISH_LIST_CHANGED" ? message.sq : undefined;
}

const head = { version: 1, id: "67e55044-10b1-426f-9247-bb680e5fe0c8", timestamp: "1732287600123", numbytes: 3 } as const;
const times = { targetDuration: 1, targetPartDuration: 0.35 };
const playlist = { id: "main" };
const map = { map: { id: "init.mp4", data: "AAEC" } };
const segment = { id: "s7.m4s", sequence: 7, duration: 1, data: "AAEC" };
const part = { id: "p21.m4s", sequence: 0, duration: 0.35, data: "AAEC" };

type Uploaded = { [A in data.DataSignal["action"]]: Extract<data.DataSignal, { action: A }>[] };

export const uploaded: Uploaded = {
  updateVariant: [
    { action: "updateVariant", ...head, payload: { playlist, variant: { id: "v0", codecs: "avc1.42e01e", bandwidth: 8e5, ...times }, segment: map } },
  ],
  updateRendition: [
    { action: "updateRendition", ...head, payload: { playlist, rendition: { id: "a0", type: "AUDIO", groupId: "sound", name: "English", ...times }, segment: map } },
  ],
  updateSegment: [
    { action: "updateSegment", ...head, payload: { playlist, variant: { id: "v0" }, segment } },
    { action: "updateSegment", ...head, payload: { playlist, rendition: { id: "a0" }, segment } },
    // @ts-expect-error a segment is of a variant or of a rendition
    { action: "updateSegment", ...head, payload: { playlist, segment } },
  ],
  updatePart: [
    { action: "updatePart", ...head, payload: { playlist, variant: { id: "v0" }, segment: { id: "s7.m4s", sequence: 7 }, part } },
    { action: "updatePart", ...head, payload: { playlist, rendition: { id: "a0" }, segment: { id: "s7.m4s", sequence: 7 }, part } },
  ],
  endStream: [{ action: "endStream", ...head, numbytes: 0, payload: { playlist } }],
};

export const answered: DataAnswer = { c: 200, s: "UPDATE_PART", b: { id: head.id, delay: 42 } };
