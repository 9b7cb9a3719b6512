/**
 * The browser's memory of seats: marks in IndexedDB, life in Web Locks.
 * Not in localStorage, which browsers write to disk so seldom that a crash of the whole browser loses minutes. A lock
 * goes with its page, however that ends. Both may be missing or forbidden; then nothing is remembered.
 */

import { storageKey } from '../ui/address';
import type { SeatMark } from './ghost';
import type { SeatStorage } from './seats';

const STORE = 'seats';
/** A database that does not answer must not keep anybody from a room. */
const TIMEOUT_MS = 1000;

export function browserSeatStorage(): SeatStorage {
  const database = openDatabase();
  const change = (act: (store: IDBObjectStore) => void) =>
    void database.then((open) => open && transact(open, 'readwrite', act)).catch(forgotten);
  const prefix = storageKey('seat.');
  return {
    put: (mark) => change((store) => store.put(mark)),
    remove: (sessionId) => change((store) => store.delete(sessionId)),
    all: () =>
      inTime(
        database.then((open) => (open ? readAll(open) : [])),
        [],
      ),
    claim: (sessionId) => claim(prefix + sessionId),
    living: () => inTime(living(prefix), undefined),
  };
}

function openDatabase(): Promise<IDBDatabase | undefined> {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open(storageKey('seats'), 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'sessionId' });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(undefined);
    } catch {
      resolve(undefined);
    }
  });
}

function transact<T>(open: IDBDatabase, mode: IDBTransactionMode, act: (store: IDBObjectStore) => T): T {
  const transaction = open.transaction(STORE, mode);
  const result = act(transaction.objectStore(STORE));
  // At once, for the page may be about to go.
  if (mode === 'readwrite') transaction.commit();
  return result;
}

function readAll(open: IDBDatabase): Promise<SeatMark[]> {
  return new Promise((resolve, reject) => {
    const request: IDBRequest<SeatMark[]> = transact(open, 'readonly', (store) => store.getAll());
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function claim(name: string): () => void {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  navigator.locks?.request(name, () => released).catch(forgotten);
  return release;
}

async function living(prefix: string): Promise<ReadonlySet<string> | undefined> {
  if (!navigator.locks) return undefined;
  const { held = [] } = await navigator.locks.query();
  const names = held.flatMap(({ name }) => (name?.startsWith(prefix) ? [name.slice(prefix.length)] : []));
  return new Set(names);
}

async function inTime<T>(answer: Promise<T>, otherwise: T): Promise<T> {
  const late = new Promise<T>((resolve) => void setTimeout(resolve, TIMEOUT_MS, otherwise));
  return Promise.race([answer, late]).catch((error: unknown) => {
    forgotten(error);
    return otherwise;
  });
}

function forgotten(error: unknown): void {
  console.warn('roomcast: seats are not remembered', error);
}
