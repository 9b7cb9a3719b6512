/**
 * The way of this person into a room whose members exchange media, and out of it: one membership after the other, each
 * with a seat. Calls and groups share it; which rooms, policy and handlers is theirs to say.
 */

import type {
  ApplicationSignal,
  Connection,
  Environment,
  Identity,
  MembershipOptions,
  Policy,
  RoomType,
} from '../client';
import { type SeatedHandlers, SeatedMembership } from '../seats/seated-membership';
import type { Seats } from '../seats/seats';
import type { LocalMedia } from './media';

export class RoomEntry<Me extends Identity> {
  readonly #room: Pick<MembershipOptions, 'url' | 'roomType' | 'roomId' | 'environment'>;
  readonly #media: Pick<LocalMedia, 'isOn'>;
  readonly identity: Me;
  readonly seats: Seats;
  #membership: SeatedMembership | undefined;

  constructor(
    url: string,
    roomType: RoomType,
    roomId: string,
    identity: Me,
    media: Pick<LocalMedia, 'isOn'>,
    environment: Environment,
    seats: Seats,
  ) {
    this.#room = { url, roomType, roomId, environment };
    this.#media = media;
    this.identity = identity;
    this.seats = seats;
  }

  get connection(): Connection | undefined {
    return this.#membership?.connection;
  }

  /** Joins by another membership, after `leave()`. */
  join(policy: Policy, handlers: SeatedHandlers, isOffline: boolean): void {
    const { video, audio } = this.#devices();
    this.#membership = new SeatedMembership(
      { ...this.#room, video, audio },
      this.identity,
      policy,
      handlers,
      this.seats,
    );
    if (isOffline) this.#membership.networkLost();
    this.#membership.join();
  }

  leave(): void {
    this.#membership?.leave();
  }

  /** Sends a signal, now or once the connection is back; returns whether it will be sent. */
  send(signal: ApplicationSignal): boolean {
    return this.#membership?.send(signal) ?? false;
  }

  /** Tells the others which devices are on. */
  sendUpdate(): void {
    const { video: ve, audio: ae } = this.#devices();
    this.send({ s: 'UPDATE', ve, ae });
  }

  /** Asks the owner of the room to be let in as a publisher. */
  requestToPublish(): boolean {
    const { video: ve, audio: ae } = this.#devices();
    return this.send({ s: 'PUBLISH_REQUEST', ve, ae });
  }

  networkLost(): void {
    this.#membership?.networkLost();
  }

  networkBack(): void {
    this.#membership?.networkBack();
  }

  #devices() {
    return { video: this.#media.isOn('video'), audio: this.#media.isOn('audio') };
  }
}
