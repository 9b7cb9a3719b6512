/**
 * The messages of the protocol as an application meets them. Their members are generated from the published schema; here
 * are those that the connection adds itself taken away, and what was received read into descriptive names.
 * Only shapes: reading and checking what arrived is the reader's job.
 */

import type * as wire from './generated/messages';

export type {
  Category,
  Host,
  JoinOptions,
  OfferOptions,
  Recipient,
  Role,
  RoomType,
  Session,
} from './generated/messages';
export type Address = wire.MemberKey;

/** The members every signal of a room carries. */
export type Common = Pick<wire.LeaveData, 'ch' | 'rid' | 'ss'>;

/** A signal without the members that the connection or the server gives it. */
type Own<Data> = Omit<Data, keyof Common | 'n' | 'sq' | 'c'>;

export type Join = Own<wire.JoinData>;
export type Leave = Own<wire.LeaveData>;
export type Heartbeat = Omit<wire.HeartbeatData, keyof Common>;
export type Update = Own<wire.UpdateData>;
export type Offer = Own<wire.OfferData>;
export type Answer = Own<wire.AnswerData>;
export type Ice = Own<wire.IceData>;
export type Kick = Own<wire.KickData>;
export type PublishRequest = Own<wire.PublishRequestData>;
export type PublishAccept = Own<wire.PublishAcceptData>;
export type PublishReject = Own<wire.PublishRejectData>;
export type Watch = Own<wire.WatchData>;

/** Signals of an application; join, leave and heartbeat are the connection's own. */
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

/** A signal of another member, as the server handed it on. */
export interface Forwarded {
  kind: 'forwarded';
  sequence: number;
  sender: wire.Session;
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

/** A member that may publish; unknown members are left out. */
export type Participant = Omit<wire.Participant, 'id' | 'name' | 'hls'> & {
  /** The name for people, from the token, which the server has checked. */
  name?: string;
  /** Multivariant playlist URL, once playable. */
  hls?: string;
};

/** As `RTCPeerConnection` takes it. */
export interface IceServer {
  urls: string | string[];
  username?: string;
  credential?: string;
}

export type IngestAddress = wire.IngestAddress;

export interface JoinAck {
  roomId: string;
  role: wire.Role;
  participants: Participant[];
  resumed: boolean;
  /** The last sequence number the server gave to this member. */
  sequence: number;
  resumeToken: string;
  /** The number up to which nothing that this client said can be lost any more, where the server counts. */
  confirmed?: number;
  heartbeat: wire.HeartbeatTimes;
  iceServers: IceServer[];
  playlists: string[];
  /** Addresses and tokens of a live broadcast, for its publisher. */
  ingest?: IngestAddress;
}
