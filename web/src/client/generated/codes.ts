// Made by `make schema` from the published protocol. Do not edit.

export const Code = {
  /** The signal was carried out. */
  OK: 200,
  /** The server failed; the client fails, and does not come back by itself. */
  INTERNAL_SERVER_ERROR: 500,
  /** The server cannot answer now; try again. */
  SERVICE_UNAVAILABLE: 503,
  /** The signal is malformed. */
  INVALID_SIGNAL: 2001,
  /** The signal does not exist in this type of room. */
  UNSUPPORTED_CHANNEL: 2002,
  /** There is no such room. */
  ROOM_NOT_FOUND: 4001,
  /** The sender or the target is not a member of the room. */
  NOT_ROOM_MEMBER: 4002,
  /** The recipient is not a member of the room. */
  RECIPIENT_NOT_MEMBER: 4003,
  /** There is no such playlist, variant or rendition. */
  TRACK_NOT_FOUND: 4005,
  /** The room to be created exists already. */
  ALREADY_EXIST_ROOM: 4022,
  /** The sender publishes already. */
  ALREADY_IS_PUBLISHER: 4023,
  /** The recipient has left the room. */
  USER_LEFT: 4024,
  /** The room holds no more members of this kind. */
  ROOM_FULL: 4025,
  /** Other bytes were accepted for this part or segment, or it is older than the window. */
  SEQUENCE_CONFLICT: 4026,
  /** More than the server permits: rooms of a connection, connections of an address, revocations of tokens. */
  RATE_LIMITED: 4029,
  /** The token is missing, wrong or expired. */
  UNAUTHENTICATED: 4041,
  /** The sender may not do this. */
  PERMISSION_NOT_FOUND: 4051,
} as const;

export const CloseCode = {
  /** The client closed; the close is answered. */
  NORMAL: 1000,
  /** No message went either way for ten minutes. */
  IDLE_TIMEOUT: 1001,
  /** The connection is two hours old. */
  TOO_OLD: 1001,
  /** A frame breaks RFC 6455. */
  PROTOCOL: 1002,
  /** A binary message was sent. */
  BINARY: 1003,
  /** A text message is not UTF-8. */
  INVALID_UTF8: 1007,
  /** The client sent more than its rate for a minute on end. */
  RATE_LIMIT: 1008,
  /** A frame or message is over its limit. */
  TOO_BIG: 1009,
  /** The server failed. */
  INTERNAL: 1011,
  /** The server drains. */
  SERVICE_RESTART: 1012,
  /** The outbound queue went over its bound. */
  SLOW_CONSUMER: 1013,
  /** A newer connection took the session over. */
  SESSION_REPLACED: 4000,
  /** The access token ended while the connection was open. */
  TOKEN_EXPIRED: 4001,
} as const;

/** The member `action` of a message, by the name of its signal. */
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
  RENEW: 'renew',
} as const;

/** Kind of request that is answered. */
export type Asked = 'join' | 'heartbeat' | 'other' | 'dial' | 'upload';

/** Reaction of a client to an ack or answer. */
export type Reaction = 'goOn' | 'tell' | 'retry' | 'ignore' | 'rejoin' | 'restore' | 'reconnect' | 'fail';

/** Delay before a client sends something again. */
export type Pause = 'reconnect' | 'retryAfter';

export type Reactions = Readonly<Record<Asked, Reaction>>;

/** Rule for repeating a request that was refused temporarily. */
export interface Retry {
  of: Asked;
  pause: Pause;
  /** How often at most; null: without a bound of its own. */
  times: number | null;
  /** Whether nothing that was said after it is carried out before it. */
  keepsOrder: boolean;
}

/** By code. */
export const REACTIONS: Readonly<Record<number, Reactions>> = {
  200: {
    join: 'goOn',
    heartbeat: 'goOn',
    other: 'goOn',
    dial: 'goOn',
    upload: 'goOn',
  },
  500: {
    join: 'fail',
    heartbeat: 'fail',
    other: 'fail',
    dial: 'reconnect',
    upload: 'retry',
  },
  503: {
    join: 'retry',
    heartbeat: 'ignore',
    other: 'retry',
    dial: 'reconnect',
    upload: 'retry',
  },
  2001: {
    join: 'fail',
    heartbeat: 'tell',
    other: 'tell',
    dial: 'reconnect',
    upload: 'tell',
  },
  2002: {
    join: 'fail',
    heartbeat: 'tell',
    other: 'tell',
    dial: 'reconnect',
    upload: 'tell',
  },
  4001: {
    join: 'fail',
    heartbeat: 'rejoin',
    other: 'tell',
    dial: 'reconnect',
    upload: 'rejoin',
  },
  4002: {
    join: 'fail',
    heartbeat: 'rejoin',
    other: 'tell',
    dial: 'reconnect',
    upload: 'tell',
  },
  4003: {
    join: 'fail',
    heartbeat: 'tell',
    other: 'tell',
    dial: 'reconnect',
    upload: 'tell',
  },
  4005: {
    join: 'fail',
    heartbeat: 'tell',
    other: 'tell',
    dial: 'reconnect',
    upload: 'restore',
  },
  4022: {
    join: 'fail',
    heartbeat: 'tell',
    other: 'tell',
    dial: 'reconnect',
    upload: 'tell',
  },
  4023: {
    join: 'fail',
    heartbeat: 'tell',
    other: 'tell',
    dial: 'reconnect',
    upload: 'tell',
  },
  4024: {
    join: 'fail',
    heartbeat: 'tell',
    other: 'tell',
    dial: 'reconnect',
    upload: 'tell',
  },
  4025: {
    join: 'fail',
    heartbeat: 'tell',
    other: 'tell',
    dial: 'reconnect',
    upload: 'tell',
  },
  4026: {
    join: 'fail',
    heartbeat: 'tell',
    other: 'tell',
    dial: 'reconnect',
    upload: 'tell',
  },
  4029: {
    join: 'fail',
    heartbeat: 'tell',
    other: 'tell',
    dial: 'reconnect',
    upload: 'retry',
  },
  4041: {
    join: 'fail',
    heartbeat: 'tell',
    other: 'tell',
    dial: 'fail',
    upload: 'rejoin',
  },
  4051: {
    join: 'fail',
    heartbeat: 'tell',
    other: 'tell',
    dial: 'fail',
    upload: 'tell',
  },
};

/** By code. */
export const RETRIES: Readonly<Record<number, readonly Retry[]>> = {
  500: [{ of: 'upload', pause: 'retryAfter', times: null, keepsOrder: true }],
  503: [
    { of: 'join', pause: 'reconnect', times: null, keepsOrder: true },
    { of: 'other', pause: 'reconnect', times: 3, keepsOrder: false },
    { of: 'dial', pause: 'reconnect', times: null, keepsOrder: true },
    { of: 'upload', pause: 'retryAfter', times: null, keepsOrder: true },
  ],
  4029: [
    { of: 'dial', pause: 'reconnect', times: null, keepsOrder: true },
    { of: 'upload', pause: 'retryAfter', times: null, keepsOrder: true },
  ],
};
