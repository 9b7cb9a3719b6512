/** A client's bookkeeping of messages in both directions: `mismatches(sequence, limits)` lists wrong steps. */
// Left out: a full queue drops nothing, it refuses; all senders are remembered; leaving draws no new token of its own.
type Json = any;
const isNumber = (value: Json): boolean => Number.isSafeInteger(value) && value >= 0;
const isCount = (value: Json): boolean => value === undefined || value === null || isNumber(value);
const isText = (value: Json): boolean => typeof value === 'string';
const isTruth = (value: Json): boolean => typeof value === 'boolean';
const NEEDS: Record<string, Record<string, (value: Json) => boolean>> = {
  JOIN: { rt: isText, sq: isNumber, resumed: isTruth, n: isCount }, HEARTBEAT: { n: isCount }, GAP: { to: isNumber }, RESEND: { n: isNumber },
};
class Delivery {
  phase: 'down' | 'asked' | 'joined' = 'down';
  token: string;
  highest: number | null = null;
  heard: Record<string, number> = {};
  kept: Json[] = []; // said and not confirmed
  waiting: Json[] = [];
  sends: Json[] = [];
  messages = 0;
  bytes = 0;
  counted = true;
  constructor(readonly limits: Record<string, number>, public last: number, readonly own: string) {
    this.token = own;
  }
  options(): Json {
    return { ...(this.highest !== null && { resumeFrom: this.highest }), resumeToken: this.token, n: this.last - this.kept.length };
  }
  join(): void {
    this.phase = 'asked';
    this.sends.push({ s: 'JOIN', op: this.options() });
  }
  leave(): void {
    if (this.phase !== 'down') this.sends.push({ s: 'LEAVE' });
    [this.phase, this.token, this.highest] = ['down', this.own, null];
    [this.kept, this.waiting, this.messages, this.bytes] = [[], [], 0, 0];
  }
  beat(send_ack = true): void {
    [this.messages, this.bytes] = [0, 0];
    this.sends.push({ s: 'HEARTBEAT', sq: this.highest, send_ack });
  }
  say(signal: Json): string {
    if (this.phase !== 'joined') {
      if (this.waiting.length >= this.limits.offlineSignals) return 'fails';
      this.waiting.push(signal);
      return 'waits';
    }
    if (this.counted) {
      if (this.kept.length >= this.limits.unconfirmedSignals) return 'fails';
      signal = { ...signal, n: ++this.last };
      this.kept.push(signal);
    }
    this.sends.push(signal);
    return 'said';
  }
  confirm(n: number): void {
    this.kept = this.kept.filter((signal) => signal.n > n);
    this.last = Math.max(this.last, n);
  }
  /** Says again what is unconfirmed, and then what waits; an `UPDATE` that the client owes after a resume goes between. */
  goOn(again: Json[]): void {
    this.sends.push(...again);
    const maySay = () => this.phase === 'joined' && this.kept.length < this.limits.unconfirmedSignals;
    while (maySay() && this.waiting.length > 0) this.say(this.waiting.shift());
  }
  receive(message: Json): string {
    if (!isText(message?.s) || ['sq', 'c'].some((name) => name in message && !isNumber(message[name]))) return 'refused';
    if (!('sq' in message)) {
      if (!('c' in message) || message.s === 'PUBLISH_LIST_CHANGED') return 'refused';
      return this.acknowledged(message.s.replace(/_ACK$/, ''), message.c, Object(message.b));
    }
    if (!this.isNew(message.sq, new TextEncoder().encode(JSON.stringify(message)).length)) return 'dropped';
    if ('c' in message || !isNumber(message.n) || message.n === 0) return 'delivered';
    if (!isText(message.ss?.userId) || !isText(message.ss?.sessionId)) return 'delivered';
    const sender = JSON.stringify([message.ss.userId, message.ss.sessionId]);
    const highest = this.heard[sender] ?? 0;
    this.heard[sender] = Math.max(highest, message.n);
    return message.n > highest ? 'delivered' : 'dropped';
  }
  isNew(sq: number, size: number): boolean {
    const isNew = this.highest === null || sq > this.highest;
    if (isNew && this.highest !== null) this.highest = sq;
    [this.messages, this.bytes] = [this.messages + 1, this.bytes + size];
    const isFull = this.messages >= this.limits.receivedMessages || this.bytes >= this.limits.receivedBytes;
    if (isFull && this.phase === 'joined') this.beat(false);
    return isNew;
  }
  acknowledged(name: string, code: number, b: Json): string {
    if (name === 'JOIN' && this.phase !== 'asked') return 'dropped';
    if (code !== 200) return 'delivered';
    if (Object.entries(NEEDS[name] ?? {}).some(([member, fits]) => !fits(b[member]))) return 'refused';
    if (name === 'JOIN') {
      [this.phase, this.token, this.counted] = ['joined', b.rt, isNumber(b.n)];
      this.highest = b.resumed ? Math.min(this.highest ?? 0, b.sq) : b.sq;
      if (this.counted) this.confirm(b.n);
      const again = this.kept;
      if (!this.counted) this.kept = [];
      this.goOn(again);
    } else if (name === 'HEARTBEAT') {
      this.confirm(b.n ?? 0);
      this.goOn([]);
    } else if (name === 'GAP') this.highest = Math.max(this.highest ?? 0, b.to);
    else if (name === 'RESEND' && this.phase === 'joined') {
      this.confirm(b.n);
      this.goOn(this.kept);
    }
    return 'delivered';
  }
}
/** The fate of the message or signal, the signals that the client sends, and the client after it. */
function step(client: Delivery, { on, message, signal, times = 1 }: Json): Json {
  let took: string | undefined;
  client.sends = [];
  for (let more = 0; more < times; more += 1) {
    const grown = (name: string) => (more > 0 && name in message ? { [name]: message[name] + more } : {});
    if (on === 'message') took = client.receive(more ? { ...message, ...grown('sq'), ...grown('n') } : message);
    else if (on === 'say') took = client.say(signal);
    else if (on === 'close') client.phase = 'down';
    else if (on === 'leave' || on === 'beat') client[on as 'leave' | 'beat']();
    else client.join();
  }
  const { highest, kept, waiting, limits, sends } = client;
  const numbers = kept.length > 0 ? { first: kept[0].n, last: kept[kept.length - 1].n } : null;
  return { took, sends, after: { highest, kept: numbers, waiting: waiting.length, hurry: kept.length >= limits.hurryingSignals, join: client.options() } };
}
/** Whether a value has all that is wanted of it. */
function has(value: Json, wanted: Json): boolean {
  if (typeof wanted !== 'object' || !wanted || !value) return value === wanted;
  const names = Object.keys(wanted);
  return names.length === Object.keys(value).length && names.every((name) => has(value[name], wanted[name]));
}
export function mismatches(sequence: Json, { limits }: Json): Json[] {
  const client = new Delivery(Object.fromEntries(limits.map((one: Json) => [one.name, one.value])), sequence.n, sequence.token);
  const took = sequence.steps.map((one: Json) => ({ one, did: step(client, one) }));
  return took.filter(({ one, did: { took, sends, after } }: Json) => one.took !== took || !has(sends, one.sends) || !has(after, one.after));
}
