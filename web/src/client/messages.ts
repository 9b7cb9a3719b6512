/**
 * The messages of the wire protocol as types: signals (client to server), acks and forwarded signals.
 * The short JSON keys are the protocol's; everything else of the package uses descriptive names.
 * Only shapes: reading and checking what arrived is the reader's job.
 */

export type RoomType = 'p2p' | 'm2m' | 'a2m' | 'p2m';
export type Role = 'admin' | 'publisher' | 'viewer';
export type Category = 'stream' | 'screenshare';
export type Host = 'iOS' | 'iOS_EX' | 'Android' | 'Web' | 'Web_Studio' | 'Server';

export interface Session {
  userId: string;
  sessionId: string;
  category: Category;
  host: Host;
  deviceId: string;
}

export interface Address {
  userId: string;
  sessionId: string;
}

/** A string means every session of that user. */
export type Recipient = string | Address;

export interface IceCandidate {
  candidate?: string;
  sdpMid?: string | null;
  sdpMLineIndex?: number | null;
  usernameFragment?: string | null;
}

export interface JoinOptions {
  roomCreating: boolean;
  resumeToken: string;
  resumeFrom?: number;
  /** The number below the lowest signal that this client keeps. */
  n?: number;
}

export interface OfferOptions {
  restarting?: boolean;
  hlsForwarding?: boolean;
}

export type Join = { s: 'JOIN'; ve: boolean; ae: boolean; eg: 'native'; op: JoinOptions };
export type Leave = { s: 'LEAVE' };
export type Heartbeat = { s: 'HEARTBEAT'; bid: string; sq: number; send_ack?: boolean };
export type Update = { s: 'UPDATE'; ve: boolean; ae: boolean };
export type Offer = { s: 'OFFER'; sdp: string; to?: Recipient; op?: OfferOptions };
export type Answer = { s: 'ANSWER'; sdp: string; to?: Recipient };
export type Ice = { s: 'ICE'; sdp: IceCandidate | string; to?: Recipient };
export type Kick = { s: 'KICK'; to: Recipient };
export type PublishRequest = { s: 'PUBLISH_REQUEST'; ve: boolean; ae: boolean; msg?: string };
export type PublishAccept = { s: 'PUBLISH_ACCEPT'; to: Recipient };
export type PublishReject = { s: 'PUBLISH_REJECT'; to: Recipient };
export type Watch = { s: 'WATCH'; to: Recipient };

/** What an application sends; join, leave and heartbeat are the connection's own. */
export type ApplicationSignal =
  | Update
  | Offer
  | Answer
  | Ice
  | Kick
  | PublishRequest
  | PublishAccept
  | PublishReject
  | Watch;
export type Signal = ApplicationSignal | Join | Leave | Heartbeat;
export type SignalName = Signal['s'];

export const ACTIONS = {
  JOIN: 'join',
  LEAVE: 'leave',
  HEARTBEAT: 'heartbeat',
  UPDATE: 'updateVideo',
  KICK: 'kick',
  PUBLISH_REQUEST: 'publishRequest',
  PUBLISH_ACCEPT: 'publishAccept',
  PUBLISH_REJECT: 'publishReject',
  OFFER: 'offer',
  ANSWER: 'answer',
  ICE: 'iceCandidate',
  WATCH: 'watch',
} as const satisfies Record<SignalName, string>;

/** The members every signal carries. */
export interface Common {
  ch: RoomType;
  rid: string;
  ss: Session;
}

export type Sent<S extends Signal = Signal> = S & Common;

/** A signal of another member, as the server handed it on. */
export interface Forwarded {
  kind: 'forwarded';
  sequence: number;
  sender: Session;
  /** The sender's number, where it numbers what it says. */
  number?: number;
  signal: ApplicationSignal;
}

export interface Ack {
  kind: 'ack';
  code: number;
  name: string;
  body: Record<string, unknown>;
  sequence?: number;
}

export interface Participant {
  role: Role;
  video: boolean;
  audio: boolean;
  publish: boolean;
  userId: string;
  sessionId: string;
  host: string;
  category: Category;
  deviceId: string;
  /** The name for people, from the token, which the server has checked. */
  name?: string;
  /** Multivariant playlist URL, once playable. */
  hls?: string;
}

export interface IceServer {
  urls: string | string[];
  username?: string;
  credential?: string;
}

/** Where a publisher's data signals go. */
export interface IngestAddress {
  url: string;
  token: string;
  /** Milliseconds since 1970. */
  expires: number;
}

export interface JoinAck {
  roomId: string;
  role: Role;
  participants: Participant[];
  resumed: boolean;
  /** The last sequence number the server gave to this member. */
  sequence: number;
  resumeToken: string;
  /** The number up to which nothing that this client said can be lost any more, where the server counts. */
  confirmed?: number;
  heartbeat: { interval: number; timeout: number };
  iceServers: IceServer[];
  playlists: string[];
  /** Of a live broadcast, for who broadcasts. */
  ingest?: IngestAddress;
}
