/**
 * A membership whose seat the browser remembers, so that whoever comes back after a crash is recognized. The pages of
 * calls, groups and broadcasts share it. Decides nothing: the policy of the page says which wait is worth it.
 */

import {
  type Identity,
  Membership,
  type MembershipHandlers,
  type MembershipOptions,
  type Policy,
  type State,
} from '../client';
import type { Seats } from './seats';

export interface SeatedHandlers extends Omit<MembershipHandlers, 'stateChanged'> {
  /**
   * Nothing can be said to others until `joined`.
   * @param isLost the connection is gone; otherwise JOIN was said again over the one that is there
   */
  interrupted?(isLost: boolean): void;
}

export class SeatedMembership extends Membership {
  readonly #seats: Seats;

  constructor(options: MembershipOptions, identity: Identity, policy: Policy, handlers: SeatedHandlers, seats: Seats) {
    super(options, identity, policy, {
      ...handlers,
      stateChanged: (state, previous) => {
        if (isInterruption(state, previous)) handlers.interrupted?.(state === 'waitingNetwork');
      },
      joined: (ack) => {
        const { interval, timeout } = ack.heartbeat;
        seats.taken(identity.session(), interval + timeout);
        handlers.joined?.(ack);
      },
      participantsChanged: (participants) => {
        // The list comes with every answer to a heartbeat.
        seats.confirmed();
        handlers.participantsChanged?.(participants);
      },
      over: (failure) => {
        seats.release();
        handlers.over?.(failure);
      },
    });
    this.#seats = seats;
  }

  override leave(): boolean {
    const told = super.leave();
    if (told) this.#seats.release();
    else this.#seats.abandon();
    return told;
  }
}

/** A join that follows upon a lost connection is a part of the same interruption. */
function isInterruption(state: State, previous: State): boolean {
  return state === 'waitingNetwork' || (state === 'reinitializing' && previous === 'joined');
}

/** An identity that can come back as the user of an earlier page. */
export interface ReturningIdentity extends Identity {
  adopt(userId: string): void;
}

/**
 * Looks for an earlier page of the browser that is gone without a goodbye, and becomes its user: the server gives a
 * publisher who comes back its role. A page that was in the room itself resumes and needs nothing of this.
 */
export async function comeBack(identity: ReturningIdentity, seats: Seats): Promise<void> {
  await seats.look();
  if (seats.earlierUser && !identity.resume()) identity.adopt(seats.earlierUser);
}
