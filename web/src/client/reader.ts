/**
 * Reads what the server sent: text to a checked message, bodies to typed values.
 * Unknown members are ignored, missing ones get the protocol's default, and what is no message at all
 * comes back as `undefined`. Never throws on bad input and never acts on a message.
 */

import { Code } from './generated/codes';
import type { Facts } from './machine';
import type {
  Ack,
  ApplicationSignal,
  Forwarded,
  IceServer,
  IngestAddress,
  JoinAck,
  Participant,
  Role,
  Session,
} from './messages';

type Fields = Record<string, unknown>;

type Fits = (value: unknown) => boolean;

const isText: Fits = (value) => typeof value === 'string';
const isTruth: Fits = (value) => typeof value === 'boolean';
const isNumber: Fits = (value) => readNumber(value) !== undefined;
const isCount: Fits = (value) => value === undefined || value === null || isNumber(value);

/** The members without which, or with a wrong type of which, a message is as good as none. */
const NEEDED: Partial<Record<string, Record<string, Fits>>> = {
  JOIN: { resumed: isTruth, sq: isNumber, rt: isText, n: isCount },
  HEARTBEAT: { n: isCount },
  GAP: { to: isNumber },
  RESEND: { n: isNumber },
};

export function readMessage(text: string): Ack | Forwarded | undefined {
  const fields = parse(text);
  if (typeof fields?.s !== 'string') return undefined;
  const sequence = typeof fields.sq === 'number' ? fields.sq : undefined;
  if (typeof fields.c === 'number') {
    const ack: Ack = { kind: 'ack', code: fields.c, name: fields.s.replace(/_ACK$/, ''), body: object(fields.b) };
    const needed = ack.code === Code.OK ? Object.entries(NEEDED[ack.name] ?? {}) : [];
    if (needed.some(([member, fits]) => !fits(ack.body[member]))) return undefined;
    return sequence === undefined ? ack : { ...ack, sequence };
  }
  const sender = readSession(fields.ss);
  if (sequence === undefined || sender === undefined) return undefined;
  // The members of a forwarded signal are its sender's word; whoever uses one checks it there.
  const signal = fields as unknown as ApplicationSignal;
  const n = readNumber(fields.n);
  return { kind: 'forwarded', sequence, sender, signal, ...(n ? { number: n } : {}) };
}

/** The facts of a message for the table. */
export function factsOf(message: Ack | Forwarded): Facts {
  if (message.kind === 'forwarded') {
    const { s, ...members } = message.signal;
    return 'to' in members ? { s, to: members.to ?? undefined } : { s };
  }
  const { name, code, body } = message;
  return { s: name, c: code, b: { pt: body.pt, pps: readParticipants(body.pps) } };
}

/** The signal that an error ack gives back, as the application said it. */
export function readRefused(value: unknown): ApplicationSignal | undefined {
  const { s, ch: _ch, rid: _rid, ss: _ss, n: _n, ...members } = object(object(value).data);
  return typeof s === 'string' ? ({ s, ...members } as unknown as ApplicationSignal) : undefined;
}

/** A number of a signal, or one up to which signals are confirmed. */
export function readNumber(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
}

export function readJoinAck(body: Fields): JoinAck {
  const heartbeat = object(body.hb);
  const ice = object(object(body.es).icfg);
  const ingest = readIngest(object(body.hls).ingest);
  const confirmed = readNumber(body.n);
  return {
    roomId: string(body.rid),
    role: role(body.pt),
    participants: readParticipants(body.pps) ?? [],
    resumed: body.resumed === true,
    sequence: number(body.sq, 0),
    resumeToken: string(body.rt),
    heartbeat: { interval: number(heartbeat.interval, 3000), timeout: number(heartbeat.timeout, 10_000) },
    iceServers: [...stunServers(ice.is), ...list(ice.iceServers).flatMap(readIceServer)],
    playlists: strings(object(body.hls).playlists),
    ...(ingest ? { ingest } : {}),
    ...(confirmed === undefined ? {} : { confirmed }),
  };
}

function readIngest(value: unknown): IngestAddress | undefined {
  const { url, token, expires } = object(value);
  if (typeof url !== 'string' || typeof token !== 'string') return undefined;
  return { url, token, expires: number(expires, Number.POSITIVE_INFINITY) };
}

export function readParticipants(value: unknown): Participant[] | undefined {
  return Array.isArray(value) ? value.flatMap(readParticipant) : undefined;
}

function readParticipant(value: unknown): Participant[] {
  const fields = object(value);
  const session = readSession({ ...fields, sessionId: fields.sessionId ?? fields.id });
  if (!session) return [];
  const participant: Participant = {
    ...session,
    role: role(fields.role),
    video: fields.video === true,
    audio: fields.audio === true,
    publish: fields.publish === true,
  };
  if (typeof fields.name === 'string' && fields.name.trim() !== '') participant.name = fields.name;
  if (typeof fields.hls === 'string') participant.hls = fields.hls;
  return [participant];
}

function readSession(value: unknown): Session | undefined {
  const { userId, sessionId, category, host, deviceId } = object(value);
  if (typeof userId !== 'string' || typeof sessionId !== 'string') return undefined;
  return {
    userId,
    sessionId,
    category: category === 'screenshare' ? 'screenshare' : 'stream',
    host: string(host) as Session['host'],
    deviceId: string(deviceId),
  };
}

function readIceServer(value: unknown): IceServer[] {
  const { urls, username, credential } = object(value);
  if (typeof urls !== 'string' && !Array.isArray(urls)) return [];
  const server: IceServer = { urls: typeof urls === 'string' ? urls : strings(urls) };
  if (typeof username === 'string') server.username = username;
  if (typeof credential === 'string') server.credential = credential;
  return [server];
}

/** The plain list may name TURN too, but without credentials a peer connection refuses to be made with it. */
function stunServers(value: unknown): IceServer[] {
  return strings(value)
    .filter((url) => url.startsWith('stun'))
    .map((urls) => ({ urls }));
}

function parse(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

function object(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function strings(value: unknown): string[] {
  return list(value).filter((item) => typeof item === 'string');
}

function string(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function number(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

function role(value: unknown): Role {
  return value === 'admin' || value === 'publisher' ? value : 'viewer';
}
