// Made by `make schema` from the published protocol. Do not edit.

/** Messages of a client: a text message with one of these. Unknown members are ignored. */
export type ClientMessage =
  | Join
  | Leave
  | Heartbeat
  | Update
  | Kick
  | PublishRequest
  | PublishAccept
  | PublishReject
  | Offer
  | OfferInGroup
  | Answer
  | AnswerInGroup
  | Ice
  | IceInGroup
  | Watch
  | Renew;

/** Signal JOIN. */
export interface JoinData {
  /** The name of the signal. */
  s: 'JOIN';
  /** The room's type; must be the room's own. */
  ch: RoomType;
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  /** Video enabled. */
  ve: boolean;
  /** Audio enabled. */
  ae: boolean;
  /** The engine wanted. */
  eg?: Engine;
  /** Options of the join. */
  op?: JoinOptions;
}

/** The message with signal JOIN. */
export interface Join {
  /** The name of the message, which fits `s` of `data`. */
  action: 'join';
  /** Signal JOIN. */
  data: JoinData;
}

/** Signal LEAVE. */
export interface LeaveData {
  /** The name of the signal. */
  s: 'LEAVE';
  /** The room's type; must be the room's own. */
  ch: RoomType;
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
}

/** The message with signal LEAVE. */
export interface Leave {
  /** The name of the message, which fits `s` of `data`. */
  action: 'leave';
  /** Signal LEAVE. */
  data: LeaveData;
}

/** Signal HEARTBEAT. */
export interface HeartbeatData {
  /** The name of the signal. */
  s: 'HEARTBEAT';
  /** The room's type; must be the room's own. */
  ch: RoomType;
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  /** Heartbeat id, given back in the ack. */
  bid: string;
  /** Whether an ack is wanted. */
  send_ack?: boolean;
  /**
   * The highest sequence number received: the server need not keep it any more. The server takes every number of 64
   * bits; one above the last that it gave says nothing.
   */
  sq?: number | null;
}

/** The message with signal HEARTBEAT. */
export interface Heartbeat {
  /** The name of the message, which fits `s` of `data`. */
  action: 'heartbeat';
  /** Signal HEARTBEAT. */
  data: HeartbeatData;
}

/** Signal UPDATE. */
export interface UpdateData {
  /** The name of the signal. */
  s: 'UPDATE';
  /** The room's type; must be the room's own. */
  ch: RoomType;
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  /** Video enabled. */
  ve: boolean;
  /** Audio enabled. */
  ae: boolean;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
}

/** The message with signal UPDATE. */
export interface Update {
  /** The name of the message, which fits `s` of `data`. */
  action: 'updateVideo';
  /** Signal UPDATE. */
  data: UpdateData;
}

/** Signal KICK. */
export interface KickData {
  /** The name of the signal. */
  s: 'KICK';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'm2m' | 'a2m' | 'p2m';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  to: Recipient;
  /** Whether all tokens of the user that were issued until now are revoked in this room; for moderators. */
  revoke?: boolean;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number, which is the server's to give: leave it out. */
  sq?: null;
  /** The code, by which an ack is known: leave it out. */
  c?: null;
}

/** The message with signal KICK. */
export interface Kick {
  /** The name of the message, which fits `s` of `data`. */
  action: 'kick';
  /** Signal KICK. */
  data: KickData;
}

/** Signal PUBLISH_REQUEST. */
export interface PublishRequestData {
  /** The name of the signal. */
  s: 'PUBLISH_REQUEST';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'm2m' | 'a2m';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  /** Video enabled. */
  ve: boolean;
  /** Audio enabled. */
  ae: boolean;
  /** Words for the owner. */
  msg?: string | null;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number, which is the server's to give: leave it out. */
  sq?: null;
  /** The code, by which an ack is known: leave it out. */
  c?: null;
}

/** The message with signal PUBLISH_REQUEST. */
export interface PublishRequest {
  /** The name of the message, which fits `s` of `data`. */
  action: 'publishRequest';
  /** Signal PUBLISH_REQUEST. */
  data: PublishRequestData;
}

/** Signal PUBLISH_ACCEPT. */
export interface PublishAcceptData {
  /** The name of the signal. */
  s: 'PUBLISH_ACCEPT';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'm2m' | 'a2m';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  to: Recipient;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number, which is the server's to give: leave it out. */
  sq?: null;
  /** The code, by which an ack is known: leave it out. */
  c?: null;
}

/** The message with signal PUBLISH_ACCEPT. */
export interface PublishAccept {
  /** The name of the message, which fits `s` of `data`. */
  action: 'publishAccept';
  /** Signal PUBLISH_ACCEPT. */
  data: PublishAcceptData;
}

/** Signal PUBLISH_REJECT. */
export interface PublishRejectData {
  /** The name of the signal. */
  s: 'PUBLISH_REJECT';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'm2m' | 'a2m';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  to: Recipient;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number, which is the server's to give: leave it out. */
  sq?: null;
  /** The code, by which an ack is known: leave it out. */
  c?: null;
}

/** The message with signal PUBLISH_REJECT. */
export interface PublishReject {
  /** The name of the message, which fits `s` of `data`. */
  action: 'publishReject';
  /** Signal PUBLISH_REJECT. */
  data: PublishRejectData;
}

/** Signal OFFER. */
export interface OfferData {
  /** The name of the signal. */
  s: 'OFFER';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'p2p';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  /** Recipient, where the signal has one. */
  to?: Recipient | null;
  /** The session description (RFC 8866) as a string: the member `sdp` of an `RTCSessionDescriptionInit`. */
  sdp: string;
  /** Options of the offer. */
  op?: OfferOptions;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number, which is the server's to give: leave it out. */
  sq?: null;
  /** The code, by which an ack is known: leave it out. */
  c?: null;
}

/** The message with signal OFFER. */
export interface Offer {
  /** The name of the message, which fits `s` of `data`. */
  action: 'offer';
  /** Signal OFFER. */
  data: OfferData;
}

/** Signal OFFER. */
export interface OfferInGroupData {
  /** The name of the signal. */
  s: 'OFFER';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'm2m' | 'a2m';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  to: Recipient;
  /** The session description (RFC 8866) as a string: the member `sdp` of an `RTCSessionDescriptionInit`. */
  sdp: string;
  /** Options of the offer. */
  op?: OfferOptions;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number, which is the server's to give: leave it out. */
  sq?: null;
  /** The code, by which an ack is known: leave it out. */
  c?: null;
}

/** The message with signal OFFER. */
export interface OfferInGroup {
  /** The name of the message, which fits `s` of `data`. */
  action: 'offer';
  /** Signal OFFER. */
  data: OfferInGroupData;
}

/** Signal ANSWER. */
export interface AnswerData {
  /** The name of the signal. */
  s: 'ANSWER';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'p2p';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  /** Recipient, where the signal has one. */
  to?: Recipient | null;
  /** The session description (RFC 8866) as a string: the member `sdp` of an `RTCSessionDescriptionInit`. */
  sdp: string;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number, which is the server's to give: leave it out. */
  sq?: null;
  /** The code, by which an ack is known: leave it out. */
  c?: null;
}

/** The message with signal ANSWER. */
export interface Answer {
  /** The name of the message, which fits `s` of `data`. */
  action: 'answer';
  /** Signal ANSWER. */
  data: AnswerData;
}

/** Signal ANSWER. */
export interface AnswerInGroupData {
  /** The name of the signal. */
  s: 'ANSWER';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'm2m' | 'a2m';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  to: Recipient;
  /** The session description (RFC 8866) as a string: the member `sdp` of an `RTCSessionDescriptionInit`. */
  sdp: string;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number, which is the server's to give: leave it out. */
  sq?: null;
  /** The code, by which an ack is known: leave it out. */
  c?: null;
}

/** The message with signal ANSWER. */
export interface AnswerInGroup {
  /** The name of the message, which fits `s` of `data`. */
  action: 'answer';
  /** Signal ANSWER. */
  data: AnswerInGroupData;
}

/** Signal ICE. */
export interface IceData {
  /** The name of the signal. */
  s: 'ICE';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'p2p';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  /** Recipient, where the signal has one. */
  to?: Recipient | null;
  /** The candidate: an `RTCIceCandidateInit` object, or its `candidate` alone as a string. */
  sdp: string | CandidateInit;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number, which is the server's to give: leave it out. */
  sq?: null;
  /** The code, by which an ack is known: leave it out. */
  c?: null;
}

/** The message with signal ICE. */
export interface Ice {
  /** The name of the message, which fits `s` of `data`. */
  action: 'iceCandidate';
  /** Signal ICE. */
  data: IceData;
}

/** Signal ICE. */
export interface IceInGroupData {
  /** The name of the signal. */
  s: 'ICE';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'm2m' | 'a2m';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  to: Recipient;
  /** The candidate: an `RTCIceCandidateInit` object, or its `candidate` alone as a string. */
  sdp: string | CandidateInit;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number, which is the server's to give: leave it out. */
  sq?: null;
  /** The code, by which an ack is known: leave it out. */
  c?: null;
}

/** The message with signal ICE. */
export interface IceInGroup {
  /** The name of the message, which fits `s` of `data`. */
  action: 'iceCandidate';
  /** Signal ICE. */
  data: IceInGroupData;
}

/** Signal WATCH. */
export interface WatchData {
  /** The name of the signal. */
  s: 'WATCH';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'm2m' | 'a2m';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  to: Recipient;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number, which is the server's to give: leave it out. */
  sq?: null;
  /** The code, by which an ack is known: leave it out. */
  c?: null;
}

/** The message with signal WATCH. */
export interface Watch {
  /** The name of the message, which fits `s` of `data`. */
  action: 'watch';
  /** Signal WATCH. */
  data: WatchData;
}

/** Signal RENEW: another access token for the connection, before or after JOIN. */
export interface RenewData {
  /** The name of the signal. */
  s: 'RENEW';
  /** The access token, of the same subject. */
  token: string;
}

/** The message with signal RENEW. */
export interface Renew {
  /** The name of the message, which fits `s` of `data`. */
  action: 'renew';
  /** Signal RENEW: another access token for the connection, before or after JOIN. */
  data: RenewData;
}

/** Type of a room (`ch`): its purpose. */
export type RoomType = 'p2p' | 'm2m' | 'a2m' | 'p2m';

/** 1 to 128 characters of A-Z a-z 0-9 . _ ~ - (and not . or ..). */
export type RoomId = string;

/** The sender's session (`ss`). */
export interface Session {
  /** The user. */
  userId: UserId;
  /** The user's session, unique among the user's own. */
  sessionId: SessionId;
  /** Kind of media that the session carries. */
  category: Category;
  /** Kind of program that the client is. */
  host: Host;
  /** The device, in the client's own words. */
  deviceId: string;
}

/** 1 to 128 characters of printable ASCII. */
export type UserId = string;

/** 1 to 128 characters of printable ASCII. */
export type SessionId = string;

/** Kind of media that a session carries. */
export type Category = 'stream' | 'screenshare';

/** Kind of program that a client is. */
export type Host = 'iOS' | 'iOS_EX' | 'Android' | 'Web' | 'Web_Studio' | 'Server';

/** Recipient of a signal (`to`). */
export type Recipient = UserId | MemberKey;

/** A member of a room: one session of one user. */
export interface MemberKey {
  /** The user. */
  userId: UserId;
  /** The session. */
  sessionId: SessionId;
}

/** The engine that carries the media; the server answers [`Engine::Native`]. */
export type Engine = 'native' | 'agora' | 'hundredms' | 'livekit';

/** Options of a join. */
export interface JoinOptions {
  /**
   * Create the room; refused when it exists (4022), but not for a session that is a member already, which resumes: a
   * lost ack may be asked for again by the same `JOIN`.
   */
  roomCreating?: boolean;
  /** Let `userId` differ from the token's subject, where permitted. */
  userFaking?: boolean;
  /**
   * The highest sequence number received: send everything after it again. The server takes every number of 64 bits, but
   * gives none from 2^52 on, and takes one from there on as absent.
   */
  resumeFrom?: number | null;
  /**
   * The `rt` of the last JOIN ack; in the first JOIN random letters of the client's own, so that its repetition is
   * taken if the ack is lost. Empty: the client keeps tokens from now on, and such a repetition is refused.
   */
  resumeToken?: string | null;
  /** The number below the lowest signal that the client keeps: it numbers what it says. Absent: it does not. */
  n?: number | null;
}

/** Options of an offer. */
export interface OfferOptions {
  /** An ICE restart. */
  restarting?: boolean;
  /** The offer is for forwarding to HLS. */
  hlsForwarding?: boolean;
}

/**
 * An ICE candidate as WebRTC serializes it (`RTCIceCandidateInit`). The server relays it without a look at its members,
 * and other members with them.
 */
export interface CandidateInit {
  /**
   * The candidate-attribute (RFC 8839, 5.1), beginning with `candidate:`; empty: there are no more, which a recipient
   * ignores.
   */
  candidate?: string | null;
  /** The identification tag (`a=mid`) of its media section. */
  sdpMid?: string | null;
  /** The index of its media section in the session description, from 0. */
  sdpMLineIndex?: number | null;
  /** The ICE user name fragment of its generation. */
  usernameFragment?: string | null;
}

/** Messages of the server: acks (with `c`) and forwarded signals (without). Unknown members are ignored. */
export type ServerMessage =
  | JoinAck
  | HeartbeatAck
  | RenewAck
  | PublishListChangedAck
  | KeepAliveAck
  | RoomClosedAck
  | GapAck
  | ResendAck
  | ErrorAck
  | ForwardedKick
  | ForwardedPublishRequest
  | ForwardedPublishAccept
  | ForwardedPublishReject
  | ForwardedOffer
  | ForwardedOfferInGroup
  | ForwardedAnswer
  | ForwardedAnswerInGroup
  | ForwardedIce
  | ForwardedIceInGroup
  | ForwardedWatch;

/** Ack of JOIN. */
export interface JoinAck {
  /** The code of a success. */
  c: 200;
  /** The name of the acknowledged signal, or of the server's own message. */
  s: 'JOIN';
  b: JoinAckBody;
}

/** Ack of HEARTBEAT. */
export interface HeartbeatAck {
  /** The code of a success. */
  c: 200;
  /** The name of the acknowledged signal, or of the server's own message. */
  s: 'HEARTBEAT';
  b: HeartbeatAckBody;
}

/** Ack of RENEW. */
export interface RenewAck {
  /** The code of a success. */
  c: 200;
  /** The name of the acknowledged signal, or of the server's own message. */
  s: 'RENEW';
  b: RenewAckBody;
}

/** The list of publishers or one of its entries changed. */
export interface PublishListChangedAck {
  /** The code of a success. */
  c: 200;
  /** The name of the acknowledged signal, or of the server's own message. */
  s: 'PUBLISH_LIST_CHANGED';
  b: PublishListBody;
  /** The recipient's sequence number. */
  sq: number;
}

/** Nothing was said for minutes; no answer is owed. */
export interface KeepAliveAck {
  /** The code of a success. */
  c: 200;
  /** The name of the acknowledged signal, or of the server's own message. */
  s: 'KEEPALIVE';
  b: KeepAlive;
}

/** The room is gone. */
export interface RoomClosedAck {
  /** The code of a success. */
  c: 200;
  /** The name of the acknowledged signal, or of the server's own message. */
  s: 'ROOM_CLOSED';
  b: RoomClosed;
}

/** Sequence numbers that cannot be delivered any more. */
export interface GapAck {
  /** The code of a success. */
  c: 200;
  /** The name of the acknowledged signal, or of the server's own message. */
  s: 'GAP';
  b: Gap;
}

/** The client sends the unconfirmed signals again. */
export interface ResendAck {
  /** The code of a success. */
  c: 200;
  /** The name of the acknowledged signal, or of the server's own message. */
  s: 'RESEND';
  b: ResendBody;
}

/** Request and error. */
export interface ErrorBody {
  /** The message as received; left out when it was no JSON object or does not fit. */
  req?: object;
  /** Description of the error, in one sentence. */
  msg: string;
}

/** A signal was refused. */
export interface ErrorAck {
  /** The ack code. */
  c: 500 | 503 | 2001 | 2002 | 4001 | 4002 | 4003 | 4005 | 4022 | 4023 | 4024 | 4025 | 4026 | 4029 | 4041 | 4051;
  /** The signal's name. */
  s: 'JOIN' | 'LEAVE' | 'HEARTBEAT' | 'UPDATE' | 'KICK' | 'PUBLISH_REQUEST' | 'PUBLISH_ACCEPT' | 'PUBLISH_REJECT' | 'OFFER' | 'ANSWER' | 'ICE' | 'WATCH' | 'RENEW' | 'UNKNOWN';
  /** Request and error. */
  b: ErrorBody;
}

/** The sender's signal as sent, with the recipient's sequence number in front. */
export interface ForwardedKick {
  /** The name of the signal. */
  s: 'KICK';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'm2m' | 'a2m' | 'p2m';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  to: Recipient;
  /** Whether all tokens of the user that were issued until now are revoked in this room; for moderators. */
  revoke?: boolean;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number. */
  sq: number;
}

/** The sender's signal as sent, with the recipient's sequence number in front. */
export interface ForwardedPublishRequest {
  /** The name of the signal. */
  s: 'PUBLISH_REQUEST';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'm2m' | 'a2m';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  /** Video enabled. */
  ve: boolean;
  /** Audio enabled. */
  ae: boolean;
  /** Words for the owner. */
  msg?: string | null;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number. */
  sq: number;
}

/** The sender's signal as sent, with the recipient's sequence number in front. */
export interface ForwardedPublishAccept {
  /** The name of the signal. */
  s: 'PUBLISH_ACCEPT';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'm2m' | 'a2m';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  to: Recipient;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number. */
  sq: number;
}

/** The sender's signal as sent, with the recipient's sequence number in front. */
export interface ForwardedPublishReject {
  /** The name of the signal. */
  s: 'PUBLISH_REJECT';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'm2m' | 'a2m';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  to: Recipient;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number. */
  sq: number;
}

/** The sender's signal as sent, with the recipient's sequence number in front. */
export interface ForwardedOffer {
  /** The name of the signal. */
  s: 'OFFER';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'p2p';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  /** Recipient, where the signal has one. */
  to?: Recipient | null;
  /** The session description (RFC 8866) as a string: the member `sdp` of an `RTCSessionDescriptionInit`. */
  sdp: string;
  /** Options of the offer. */
  op?: OfferOptions;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number. */
  sq: number;
}

/** The sender's signal as sent, with the recipient's sequence number in front. */
export interface ForwardedOfferInGroup {
  /** The name of the signal. */
  s: 'OFFER';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'm2m' | 'a2m';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  to: Recipient;
  /** The session description (RFC 8866) as a string: the member `sdp` of an `RTCSessionDescriptionInit`. */
  sdp: string;
  /** Options of the offer. */
  op?: OfferOptions;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number. */
  sq: number;
}

/** The sender's signal as sent, with the recipient's sequence number in front. */
export interface ForwardedAnswer {
  /** The name of the signal. */
  s: 'ANSWER';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'p2p';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  /** Recipient, where the signal has one. */
  to?: Recipient | null;
  /** The session description (RFC 8866) as a string: the member `sdp` of an `RTCSessionDescriptionInit`. */
  sdp: string;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number. */
  sq: number;
}

/** The sender's signal as sent, with the recipient's sequence number in front. */
export interface ForwardedAnswerInGroup {
  /** The name of the signal. */
  s: 'ANSWER';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'm2m' | 'a2m';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  to: Recipient;
  /** The session description (RFC 8866) as a string: the member `sdp` of an `RTCSessionDescriptionInit`. */
  sdp: string;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number. */
  sq: number;
}

/** The sender's signal as sent, with the recipient's sequence number in front. */
export interface ForwardedIce {
  /** The name of the signal. */
  s: 'ICE';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'p2p';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  /** Recipient, where the signal has one. */
  to?: Recipient | null;
  /** The candidate: an `RTCIceCandidateInit` object, or its `candidate` alone as a string. */
  sdp: string | CandidateInit;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number. */
  sq: number;
}

/** The sender's signal as sent, with the recipient's sequence number in front. */
export interface ForwardedIceInGroup {
  /** The name of the signal. */
  s: 'ICE';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'm2m' | 'a2m';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  to: Recipient;
  /** The candidate: an `RTCIceCandidateInit` object, or its `candidate` alone as a string. */
  sdp: string | CandidateInit;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number. */
  sq: number;
}

/** The sender's signal as sent, with the recipient's sequence number in front. */
export interface ForwardedWatch {
  /** The name of the signal. */
  s: 'WATCH';
  /** The room's type; must be the room's own. In other types of room the signal is refused (2002). */
  ch: 'm2m' | 'a2m';
  /** The room. */
  rid: RoomId;
  /** The sender. */
  ss: Session;
  to: Recipient;
  /**
   * The sender's number, one above that of the signal before, for a sender whose JOIN had `op.n`. Of others the member
   * is ignored, whatever it is.
   */
  n?: number | null;
  /** The recipient's sequence number. */
  sq: number;
}

/** Body of the ack of `JOIN`. */
export interface JoinAckBody {
  /** The room. */
  rid: RoomId;
  /** The members that may publish, oldest first. */
  pps: Participants;
  /** Your role. */
  pt: Role;
  /** The engine that carries the media. */
  eg: Engine;
  /** Whether the session was a member already and goes on. */
  resumed: boolean;
  /** The last sequence number given to this member. */
  sq: number;
  /** The token that the next takeover of this member must bring, if the client keeps tokens. */
  rt: string;
  /** Interval and timeout of heartbeats. */
  hb: HeartbeatTimes;
  /** Settings for the client's media engine. */
  es: EngineSettings;
  /** Addresses at which a broadcast is uploaded and played (`p2m` only). */
  hls?: HlsAddresses | null;
  /** The longest frame and message that the server takes. */
  lim?: MessageLimits | null;
  /** The number up to which the client's signals cannot be lost any more, where it numbers them. */
  n?: number | null;
}

/** The members that may publish, oldest first. */
export type Participants = Participant[];

/** A member that may publish, as everyone in the room sees it. */
export interface Participant {
  /** The session id again, for clients that know members by one id. */
  id: SessionId;
  /** Role of the member. */
  role: Role;
  /** Video enabled. */
  video: boolean;
  /** Audio enabled. */
  audio: boolean;
  /** Whether media is flowing. */
  publish: boolean;
  /** The user. */
  userId: UserId;
  /** The session. */
  sessionId: SessionId;
  /** Kind of program that the member runs. */
  host: Host;
  /** Kind of media that the session carries. */
  category: Category;
  /** The device, in the client's own words. */
  deviceId: string;
  /** Address of the multivariant playlist, once it is playable. */
  hls?: string | null;
  /** The name in the access token, at a server that wants tokens. */
  name?: string | null;
}

/** The role of a member in its room, which decides what it may do. */
export type Role = 'admin' | 'publisher' | 'viewer';

/** Interval and timeout of heartbeats, in milliseconds. */
export interface HeartbeatTimes {
  /** Time between two heartbeats. */
  interval: number;
  /** Silence after which a member is removed. */
  timeout: number;
}

/** Settings for the client's media engine. */
export interface EngineSettings {
  /** ICE servers. */
  icfg: IceConfig;
}

/** The ICE servers in both forms that clients read. */
export interface IceConfig {
  /** Addresses only. */
  is: string[];
  /** `RTCIceServer` objects. */
  iceServers: IceServer[];
}

/** An `RTCIceServer` object. */
export interface IceServer {
  /** Addresses of one server. */
  urls: string[];
  /** User name for TURN. */
  username?: string | null;
  /** Password for TURN. */
  credential?: string | null;
}

/** Addresses at which a broadcast is uploaded and played. */
export interface HlsAddresses {
  /** For the publisher: where data signals go. */
  ingest?: IngestAddress | null;
  /** Addresses of the multivariant playlists that are playable. */
  playlists: string[];
}

/** Address and token of the uploads of data signals. */
export interface IngestAddress {
  /** The address for `POST`. */
  url: string;
  /** The bearer token. */
  token: string;
  /** Time at which the token ends, in milliseconds since 1970. */
  expires: number;
}

/**
 * The longest frame and message that the server takes, in bytes of UTF-8. A client whose WebSocket library cannot split
 * a message into frames says nothing longer than a frame.
 */
export interface MessageLimits {
  /** The payload of a frame. */
  frame: number;
  /** A message, of one frame or several. */
  message: number;
}

/** Body of the ack of `HEARTBEAT`. */
export interface HeartbeatAckBody {
  /** The members that may publish, oldest first. */
  pps: Participants;
  /** The room. */
  rid: RoomId;
  /** The heartbeat's id. */
  bid: string;
  /** The number up to which the client's signals cannot be lost any more, where it numbers them. */
  n?: number | null;
}

/** Body of the ack of `RENEW`. */
export interface RenewAckBody {
  /** The end of the new token, in seconds since 1970. */
  exp: number;
}

/** Body of `PUBLISH_LIST_CHANGED`. */
export interface PublishListBody {
  /** The room. */
  rid: RoomId;
  /** The members that may publish, oldest first. */
  pps: Participants;
}

/** Body of `KEEPALIVE`. */
export interface KeepAlive {
  /** The server's time, in milliseconds since 1970. */
  ts: number;
}

/** Body of `ROOM_CLOSED`. */
export interface RoomClosed {
  /** The room. */
  rid: RoomId;
  /** Reason for which the room closed. */
  reason: RoomClosedReason;
}

/** Reason for which a room closed. */
export type RoomClosedReason = 'ended' | 'empty' | 'admin' | 'denied';

/** Body of `GAP`. */
export interface Gap {
  /** The room. */
  rid: RoomId;
  /** The first number that is lost. */
  from: number;
  /** The last number that is lost. */
  to: number;
}

/** Body of `RESEND`: the client says its signals above this number again, in order and before anything new. */
export interface ResendBody {
  /** The room. */
  rid: RoomId;
  /** The number up to which the client's signals cannot be lost any more. */
  n: number;
}

/**
 * Uploads of a streamer. In application/json media is base64 in `data` members; in multipart/form-data they are left
 * out and the bytes come as the parts `data` and `map`.
 */
export type DataSignal =
  | UpdateVariant
  | UpdateRendition
  | UpdateSegmentOfVariant
  | UpdateSegmentOfRendition
  | UpdatePartOfVariant
  | UpdatePartOfRendition
  | EndStream;

/** Payload of `updateVariant`: makes or changes a variant; the playlist is made by the way. */
export interface UpdateVariantPayload {
  /** The playlist. */
  playlist: PlaylistRef;
  /** The variant. */
  variant: Variant;
  /** Its initialization section. */
  segment: WithMap;
}

/** The data signal updateVariant. */
export interface UpdateVariant {
  /** The name of the data signal. */
  action: 'updateVariant';
  /** The version of data signals. */
  version: 1 | '1';
  /** The sender's id of the signal, a UUID. */
  id: string;
  /** Time at which it was sent, in milliseconds since 1970. */
  timestamp: number | string;
  /** Decoded media bytes of this message. */
  numbytes: number;
  /** Payload of `updateVariant`: makes or changes a variant; the playlist is made by the way. */
  payload: UpdateVariantPayload;
}

/** Payload of `updateRendition`: makes or changes a rendition. */
export interface UpdateRenditionPayload {
  /** The playlist. */
  playlist: PlaylistRef;
  /** The rendition. */
  rendition: Rendition;
  /** Its initialization section. */
  segment: WithMap;
}

/** The data signal updateRendition. */
export interface UpdateRendition {
  /** The name of the data signal. */
  action: 'updateRendition';
  /** The version of data signals. */
  version: 1 | '1';
  /** The sender's id of the signal, a UUID. */
  id: string;
  /** Time at which it was sent, in milliseconds since 1970. */
  timestamp: number | string;
  /** Decoded media bytes of this message. */
  numbytes: number;
  /** Payload of `updateRendition`: makes or changes a rendition. */
  payload: UpdateRenditionPayload;
}

/** Payload of `updateSegment`. */
export interface UpdateSegmentOfVariantPayload {
  /** The playlist. */
  playlist: PlaylistRef;
  variant: TrackRef;
  /** The segment. */
  segment: SegmentData;
  /** Never beside the other. */
  rendition?: null;
}

/** The data signal updateSegment. */
export interface UpdateSegmentOfVariant {
  /** The name of the data signal. */
  action: 'updateSegment';
  /** The version of data signals. */
  version: 1 | '1';
  /** The sender's id of the signal, a UUID. */
  id: string;
  /** Time at which it was sent, in milliseconds since 1970. */
  timestamp: number | string;
  /** Decoded media bytes of this message. */
  numbytes: number;
  /** Payload of `updateSegment`. */
  payload: UpdateSegmentOfVariantPayload;
}

/** Payload of `updateSegment`. */
export interface UpdateSegmentOfRenditionPayload {
  /** The playlist. */
  playlist: PlaylistRef;
  rendition: TrackRef;
  /** The segment. */
  segment: SegmentData;
  /** Never beside the other. */
  variant?: null;
}

/** The data signal updateSegment. */
export interface UpdateSegmentOfRendition {
  /** The name of the data signal. */
  action: 'updateSegment';
  /** The version of data signals. */
  version: 1 | '1';
  /** The sender's id of the signal, a UUID. */
  id: string;
  /** Time at which it was sent, in milliseconds since 1970. */
  timestamp: number | string;
  /** Decoded media bytes of this message. */
  numbytes: number;
  /** Payload of `updateSegment`. */
  payload: UpdateSegmentOfRenditionPayload;
}

/** Payload of `updatePart`. */
export interface UpdatePartOfVariantPayload {
  /** The playlist. */
  playlist: PlaylistRef;
  variant: TrackRef;
  /** The segment the part belongs to. */
  segment: SegmentHead;
  /** The part. */
  part: PartData;
  /** Never beside the other. */
  rendition?: null;
}

/** The data signal updatePart. */
export interface UpdatePartOfVariant {
  /** The name of the data signal. */
  action: 'updatePart';
  /** The version of data signals. */
  version: 1 | '1';
  /** The sender's id of the signal, a UUID. */
  id: string;
  /** Time at which it was sent, in milliseconds since 1970. */
  timestamp: number | string;
  /** Decoded media bytes of this message. */
  numbytes: number;
  /** Payload of `updatePart`. */
  payload: UpdatePartOfVariantPayload;
}

/** Payload of `updatePart`. */
export interface UpdatePartOfRenditionPayload {
  /** The playlist. */
  playlist: PlaylistRef;
  rendition: TrackRef;
  /** The segment the part belongs to. */
  segment: SegmentHead;
  /** The part. */
  part: PartData;
  /** Never beside the other. */
  variant?: null;
}

/** The data signal updatePart. */
export interface UpdatePartOfRendition {
  /** The name of the data signal. */
  action: 'updatePart';
  /** The version of data signals. */
  version: 1 | '1';
  /** The sender's id of the signal, a UUID. */
  id: string;
  /** Time at which it was sent, in milliseconds since 1970. */
  timestamp: number | string;
  /** Decoded media bytes of this message. */
  numbytes: number;
  /** Payload of `updatePart`. */
  payload: UpdatePartOfRenditionPayload;
}

/** Payload of `endStream`. */
export interface EndStreamPayload {
  /** The playlist. */
  playlist: PlaylistRef;
}

/** The data signal endStream. */
export interface EndStream {
  /** The name of the data signal. */
  action: 'endStream';
  /** The version of data signals. */
  version: 1 | '1';
  /** The sender's id of the signal, a UUID. */
  id: string;
  /** Time at which it was sent, in milliseconds since 1970. */
  timestamp: number | string;
  /** Decoded media bytes of this message. */
  numbytes: number;
  /** Payload of `endStream`. */
  payload: EndStreamPayload;
}

/** Names a playlist. */
export interface PlaylistRef {
  /** The multivariant playlist's id. */
  id: ObjectId;
  /** The sender's version of the playlist. */
  version?: number | string;
}

/** 1 to 128 characters of A-Z a-z 0-9 . _ - (and not . or ..). */
export type ObjectId = string;

/** A variant stream (`EXT-X-STREAM-INF`). */
export interface Variant {
  /** The variant's id. */
  id: ObjectId;
  /** RFC 6381 names of all codecs, joined by commas. */
  codecs: string;
  /** Peak bits per second, more than 0. */
  bandwidth: number;
  /** The group of audio renditions. */
  audio?: ObjectId | null;
  /** The sender's version of the variant. */
  version?: number | string;
  /** The longest a segment gets, in seconds, once its duration is rounded to the nearest integer. */
  targetDuration: Seconds;
  /** The longest a part gets, in seconds; 0: the stream has no parts. */
  targetPartDuration: number;
  /** Width and height in pixels, `1280x720`. */
  resolution?: string | null;
  /** Frames per second, more than 0 and at most 1000. */
  frameRate?: number | null;
  /** Whether every segment begins with a sync sample; absent: true. */
  independentSegments?: boolean;
}

/** A duration in seconds, kept in microseconds. */
export type Seconds = number;

/** The `segment` member of `updateVariant`. */
export interface WithMap {
  /** The initialization section. */
  map: InitSection;
}

/** An initialization section (`EXT-X-MAP`). */
export interface InitSection {
  /** Its id, the file name in the playlist. */
  id: ObjectId;
  /** Its bytes; a part of its own in the multipart form. */
  data?: Media;
}

/** Media bytes in base64 (RFC 4648, section 4), padded. */
export type Media = string;

/** A rendition (`EXT-X-MEDIA`). */
export interface Rendition {
  /** The rendition's id. */
  id: ObjectId;
  /** Kind of media that it carries. */
  type: RenditionType;
  /** The group that variants name. */
  groupId: ObjectId;
  /** Name that is shown to people: 1 to 128 characters without quotes and control characters. */
  name: string;
  /** The language (RFC 5646). */
  language?: string | null;
  /** Whether it plays unless the viewer chooses another. */
  isDefault?: boolean | null;
  /** Whether a player may choose it by language. */
  autoSelect?: boolean | null;
  /** Channels, such as `2` or `6`. */
  channels?: string | null;
  /** The longest a segment gets, in seconds, once its duration is rounded to the nearest integer. */
  targetDuration: Seconds;
  /** The longest a part gets, in seconds; 0: the stream has no parts. */
  targetPartDuration: number;
}

/** Kind of media that a rendition carries (`TYPE` of `EXT-X-MEDIA`). */
export type RenditionType = 'AUDIO' | 'VIDEO' | 'SUBTITLES';

/** Names a variant or rendition. */
export interface TrackRef {
  /** The track's id. */
  id: ObjectId;
}

/** A whole segment. */
export interface SegmentData {
  /** The segment's id, the file name in the playlist. */
  id: ObjectId;
  /** Its media sequence number. */
  sequence: number;
  /** Its duration in seconds. */
  duration: Seconds;
  /** Whether timestamps or codecs do not go on from the segment before. */
  discontinuity?: boolean;
  /** Time at which its first sample was captured. */
  programDateTime?: ProgramDateTime | null;
  /** Its initialization section; absent: the newest. */
  map?: MapRef | null;
  /** Its bytes; a part of its own in the multipart form. */
  data?: Media;
}

/** A moment in milliseconds since 1970, as a number or as text, or in the form of RFC 3339. */
export type ProgramDateTime = number | string;

/** Names an initialization section that was uploaded before. */
export interface MapRef {
  /** The init section's id. */
  id: ObjectId;
}

/** The segment a part belongs to. */
export interface SegmentHead {
  /** The segment's id, the file name in the playlist. */
  id: ObjectId;
  /** Its media sequence number. */
  sequence: number;
  /** Its duration in seconds, where known already. */
  duration?: Seconds | null;
  /** Whether timestamps or codecs do not go on from the segment before. */
  discontinuity?: boolean;
  /** Time at which its first sample was captured. */
  programDateTime?: ProgramDateTime | null;
  /** Its initialization section; absent: the newest. */
  map?: MapRef | null;
}

/** A part (`EXT-X-PART`). */
export interface PartData {
  /**
   * The part's id. It is the file name in the playlist if it is the hinted one: the id of the part before with the
   * number in it one higher. A part that comes with another id is listed under the hinted name.
   */
  id: ObjectId;
  /** Its place within the segment, from 0. */
  sequence: number;
  /** Its duration in seconds. */
  duration: Seconds;
  /** Whether it starts with a sync sample. */
  independent?: boolean;
  /** Whether its bytes are missing. */
  gap?: boolean;
  /** Its bytes; may be left out of a gap. */
  data?: Media;
}

/** Answers of the server over HTTP: to data signals, to pushes, and to requests that it refuses. */
export type DataAnswers = DataAnswer;

/** The answer to a data signal, a push or a refused request. */
export interface DataAnswer {
  /**
   * The code. The answer's HTTP status is one of `statuses` of the code in `codes.json`: that of the code, or, with
   * 2001, one that says more exactly what is wrong.
   */
  c: 200 | 500 | 503 | 2001 | 2002 | 4001 | 4002 | 4003 | 4005 | 4022 | 4023 | 4024 | 4025 | 4026 | 4029 | 4041 | 4051;
  /**
   * The signal's name; INGEST for a push, AUTH_CHECK for a question to `/auth/check`, UNKNOWN where it could not be
   * told.
   */
  s: 'UPDATE_VARIANT' | 'UPDATE_RENDITION' | 'UPDATE_SEGMENT' | 'UPDATE_PART' | 'END_STREAM' | 'INGEST' | 'AUTH_CHECK' | 'UNKNOWN';
  b: DataAckBody;
}

/** Body of an answer to a data signal. */
export interface DataAckBody {
  /** The signal's id, where it could be told. */
  id?: string | null;
  /** Receive time less the signal's `timestamp`, in milliseconds; negative when the clocks differ. */
  delay?: number | null;
  /** Description of the error, in one sentence. */
  msg?: string | null;
  /** The reason, where an access token is refused. */
  reason?: Reason | null;
}

/** Reason for which a request is refused for its token. */
export type Reason =
  | 'missing'
  | 'malformed'
  | 'algorithm'
  | 'unknown_key'
  | 'signature'
  | 'claims'
  | 'no_exp'
  | 'no_iat'
  | 'expired'
  | 'not_yet'
  | 'lifetime'
  | 'issuer'
  | 'audience'
  | 'subject'
  | 'revoked'
  | 'busy'
  | 'not_granted';
