/**
 * One broadcast as seen by a viewer: the membership says what to play and when it is over, the player
 * plays it. When the signaling is lost the player goes on. Draws nothing itself.
 */

import {
  type Cancel,
  Code,
  type Connection,
  type Environment,
  type Failure,
  type Identity,
  Membership,
  type Participant,
  type Refusal,
} from '../client';
import { serverAddress } from '../ui/address';
import { accessMessage, failureMessage, type UserMessage } from '../ui/user-messages';
import { describe, INITIAL_STATE, type PageState } from './model';
import { Player, type Sign } from './player';
import { watchPolicy } from './policy';

/** After so long a wait there is a button to begin anew, whatever goes on by itself. */
export const LATE_MS = 10_000;
/** Time to play the buffered media to its end before the end is announced. */
const DRAIN_MS = 6000;

export interface WatchHandlers {
  changed(pageState: PageState): void;
  muted(): void;
}

/** The viewer's access to media of a server that wants tokens. */
export interface MediaAccess {
  sign: Sign;
  /** The reason why the server would not let this viewer watch; nothing where it would, or does not say. */
  refusal(): Promise<Refusal | undefined>;
}

export class Watch {
  readonly player: Player;
  readonly #membership: Membership;
  readonly #env: Environment;
  readonly #handlers: WatchHandlers;
  readonly #pageState: PageState = { ...INITIAL_STATE };
  #waiting: Cancel | undefined;
  #draining: Cancel | undefined;
  #onAir = false;
  readonly #access: MediaAccess | undefined;
  #isInquiring = false;

  constructor(
    url: string,
    room: string,
    identity: Identity,
    video: HTMLVideoElement,
    env: Environment,
    handlers: WatchHandlers,
    access?: MediaAccess,
  ) {
    this.#env = env;
    this.#handlers = handlers;
    this.#access = access;
    const playing = {
      changed: (player: PageState['player']) => this.#playerChanged(player),
      muted: () => handlers.muted(),
      denied: () => void this.#inquire(),
    };
    this.player = new Player(video, env, playing, access?.sign);
    const options = { url, roomType: 'p2m', roomId: room, video: false, audio: false, environment: env } as const;
    this.#membership = new Membership(options, identity, watchPolicy, {
      joined: (ack) => {
        this.#draining?.();
        this.#draining = undefined;
        this.#update({ room: 'joined', unreachable: false });
        this.#playlist(ack.playlists[0], !ack.resumed || this.player.state === 'failed');
      },
      participantsChanged: (participants) => this.#participantsChanged(participants),
      attemptFailed: () => this.#update({ unreachable: true }),
      stateChanged: (state) => {
        if (state === 'reinitializing' || state === 'waitingNetwork') this.#update({ room: 'recovering' });
      },
      retrying: (failure) => this.#retrying(failure),
      over: (failure) => this.#update({ room: 'failed', failure: failureMessage(failure, 'broadcast') }),
    });
  }

  get connection(): Connection | undefined {
    return this.#membership.connection;
  }

  start(): void {
    this.#update({});
    this.#membership.join();
  }

  /** Ends, for a reason that was found out elsewhere. */
  refuse(failure: UserMessage): void {
    this.#membership.leave();
    this.#update({ room: 'failed', failure });
  }

  leave(): void {
    this.#membership.leave();
  }

  /** The viewer has another token, of the same user. */
  tokenChanged(): void {
    this.player.resign();
  }

  networkLost(): void {
    this.#update({ offline: true });
    this.#membership.networkLost();
  }

  networkBack(): void {
    this.#update({ offline: false });
    this.#membership.networkBack();
  }

  #participantsChanged(participants: Participant[]): void {
    const address = participants.find(({ hls }) => hls)?.hls;
    const isBack = address !== undefined && !this.#onAir;
    this.#onAir = address !== undefined;
    this.#playlist(address, isBack);
  }

  /**
   * The first address counts; another one takes over only once the first has nothing more to show.
   * @param isNew the broadcast begins (again), so that what ended or failed before is worth another try
   */
  #playlist(address: string | undefined, isNew: boolean): void {
    if (!address) return;
    const url = serverAddress(address);
    const { state } = this.player;
    if (state === 'playing' || state === 'loading') return;
    const over = state === 'ended' || state === 'failed' || state === 'starved' || state === 'undelivered';
    if (url !== this.player.url || state === 'idle' || (isNew && over)) this.player.load(url);
  }

  /** Media were denied: finds out whether that is for the token, and ends then. */
  async #inquire(): Promise<void> {
    if (this.#isInquiring || !this.#access) return;
    this.#isInquiring = true;
    const refusal = await this.#access.refusal();
    this.#isInquiring = false;
    if (!refusal) return;
    this.player.unload();
    this.refuse(accessMessage(refusal));
  }

  #retrying(failure: Failure): void {
    if (failure.kind === 'noAnswer') {
      // A viewer that was never let in is still on the way.
      if (this.#pageState.room !== 'joining') this.#update({ room: 'recovering' });
      return;
    }
    const closed = failure.kind === 'roomClosed';
    if (!closed && !(failure.kind === 'refused' && failure.code === Code.ROOM_NOT_FOUND)) return;
    // Not found is what comes back every three seconds, also after the end that was announced.
    if (closed || this.#pageState.room !== 'closed') this.#update({ room: closed ? 'closed' : 'absent' });
    if (this.#pageState.everPlayed) this.#drain();
  }

  #drain(): void {
    if (this.#pageState.player !== 'playing' && this.#pageState.player !== 'loading') return this.player.unload();
    this.#draining ??= this.#env.after(DRAIN_MS, () => {
      this.#draining = undefined;
      if (this.#pageState.room === 'closed' || this.#pageState.room === 'absent') this.player.unload();
    });
  }

  #playerChanged(player: PageState['player']): void {
    if (player !== this.#pageState.player) this.#observe(player);
    this.#update({ player, everPlayed: this.#pageState.everPlayed || player === 'playing' });
  }

  #observe(player: PageState['player']): void {
    if (player === 'starved') this.connection?.observe('bufferingStarted');
    else if (player !== 'loading') this.connection?.observe('bufferingEnded');
  }

  #update(changes: Partial<PageState>): void {
    Object.assign(this.#pageState, changes);
    this.#boundWait();
    this.#handlers.changed(this.#pageState);
  }

  /** Waits that are not for the streamer have a bound. */
  #boundWait(): void {
    const { state } = describe({ ...this.#pageState, late: false });
    if (state !== 'connecting' && state !== 'reconnecting') {
      this.#waiting?.();
      this.#waiting = undefined;
      this.#pageState.late = false;
      return;
    }
    this.#waiting ??= this.#env.after(LATE_MS, () => this.#update({ late: true }));
  }
}
