/**
 * The client's state machine, driven by state-machine.json alone. A `Client` takes steps as in the traces, and says what
 * to do; `mismatches(table, trace)` lists wrong steps.
 */
// biome-ignore lint/suspicious/noExplicitAny: the table and the steps are JSON, whose forms are published as schemas
type Json = any;

export class Client {
  table: Json;
  /** The type of room, and of messages to whom they go. */
  readonly trace: Json;
  state: string;
  role: string;
  seen: Record<string, number[]> = {};
  rejoins: number[] = [];
  unanswered = 0;
  /** The rule of the watchdog that held last. */
  held?: string;
  /** The connection of the last step's outcome: same, new or none; undefined without an outcome. */
  over: string | undefined;
  /** The time for which a heartbeat may stay unanswered. */
  answer: number;
  constructor(table: Json, trace: Json) {
    [this.table, this.trace] = [table, trace];
    [this.state, this.role, this.answer] = [table.initial, trace.role, table.heartbeat.answer];
  }

  applies(rule: Json): boolean {
    const room = (rule.roomTypes ?? [this.trace.room]).includes(this.trace.room);
    return rule.states.includes(this.state) && room && (rule.role ?? this.role) === this.role;
  }
  after(event: string): string | undefined {
    return this.table.moves.find((m: Json) => m.from === this.state && m.on === event)?.to;
  }
  event(name: string, now: number): boolean {
    const to = this.after(name);
    this.state = to ?? this.state;
    if (to !== undefined && (name === "joinSent" || name === "joinAccepted")) this.unanswered = 0;
    this.see(name, now);
    return to !== undefined;
  }
  see(name: string, now: number): void {
    for (const rule of this.table.watchdog.rules) {
      const times = this.seen[rule.id] ?? [];
      this.seen[rule.id] = times;
      if (!this.applies(rule) || rule.cancelledBy?.includes(name) || rule.reset?.includes(name)) times.length = 0;
      else if (rule.observation === name || (rule.start?.includes(name) && times.length === 0)) times.push(now);
    }
  }
  act(name: string, now: number, cause: string): string[] {
    const { counted, attempts } = this.table.joinAck;
    if (counted.some((c: Json) => c.cause === cause && c.states.includes(this.state))) this.unanswered += 1;
    if (this.unanswered >= attempts && name !== "stop") name = "fail";
    const outcome = this.table.outcomes.find((one: Json) => one.name === name);
    if (!outcome.states.includes(this.state)) return ["ignored"];
    this.over = outcome.over.find((o: Json) => o.states.includes(this.state)).connection;
    if (name === "rejoin") { this.seen = {}; this.rejoins.push(now); }
    if (outcome.before?.state === this.state) this.event(outcome.before.event, now);
    const event = outcome.events.find((event: string) => this.after(event)) ?? outcome.events[0];
    if (event !== undefined) this.event(event, now);
    return [name];
  }
  holds(rule: Json, times: number[], now: number): boolean {
    const after = rule.id === "heartbeat" ? this.answer : rule.after;
    if (rule.kind === "timeout") return now - (times[0] ?? now) >= after;
    return times.filter((time) => now - time < rule.within).length >= rule.count;
  }
  tick(now: number): string[] {
    const { rules, window, maxRejoins } = this.table.watchdog;
    const rule = rules.find((rule: Json) => this.holds(rule, this.seen[rule.id] ?? [], now));
    if (rule === undefined) return [];
    this.held = rule.id;
    const full = this.rejoins.filter((time) => now - time < window).length >= maxRejoins;
    return this.act(full && rule.then === "rejoin" ? "fail" : rule.then, now, "tick");
  }
  read(step: Json, now: number): string[] {
    const known = facts(step, this.trace.me);
    const [{ answer, interval }, wanted] = [this.table.heartbeat, step.message?.b?.hb?.interval];
    if (isNumber(wanted)) this.answer = wanted + answer - interval;
    const done: string[] = [];
    for (const row of this.table.wire.filter((row: Json) => met(row.when, known))) {
      if (row.event !== undefined && !this.event(row.event, now)) done.push("ignored");
      if (row.outcome !== undefined) done.push(...this.act(row.outcome, now, step.on));
      if (row.observation !== undefined) this.see(row.observation, now);
      this.role = row.role ?? this.role;
    }
    return done;
  }
  leave(now: number): string[] {
    const row = this.table.leave.find((row: Json) => row.states.includes(this.state));
    const ignored = row.event !== undefined && !this.event(row.event, now);
    return [...row.do, ...(ignored ? ["ignored"] : [])];
  }
  step(step: Json): string[] {
    const { on, at: now } = step;
    this.over = undefined;
    if (on === "close") {
      const row = this.table.close.find((c: Json) => c.default || c.code === step.code);
      return this.act((step.renewed && row.renewed) || row.do, now, on);
    }
    if (on === "message" || on === "dial") return this.read(step, now);
    if (on === "leave") return this.leave(now);
    if (this.table.events.some((event: Json) => event.name === on)) return this.event(on, now) ? [] : ["ignored"];
    this.see(on, now);
    return on === "tick" ? this.tick(now) : [];
  }
}
const isNumber = (value: Json): boolean => Number.isSafeInteger(value) && value >= 0;
/** A text or nothing. */
const text = (value: Json): string | undefined => (typeof value === "string" ? value : undefined);
/**
 * The facts of a message or of a failed dial, by the names of the conditions; one that it does not tell is undefined. A
 * member of a wrong type tells nothing: it is as absent.
 */
function facts(step: Json, me: Json): Json {
  if (step.on === "dial") return { dial: true, status: step.status ?? 0 };
  const { s, c, b, to } = step.message ?? {};
  const pps = Array.isArray(b?.pps) ? b.pps : undefined;
  const isMe = (one: Json) => one?.userId === me.userId && one.sessionId === me.sessionId;
  const isOther = (one: Json) => text(one?.userId) !== undefined && one.userId !== me.userId;
  const self = to === me.userId || (to?.userId === me.userId && (to?.sessionId ?? me.sessionId) === me.sessionId);
  return {
    s: text(s), c: isNumber(c) ? c : undefined, open: step.open ?? 0, pt: text(b?.pt), self: to === undefined ? to : self,
    me: pps?.some(isMe), others: pps?.some(isOther),
  };
}
/** Every condition must hold; notStatus, notS and notC hold where there is the fact, and it is none of these. */
function met(when: Json, known: Json): boolean {
  const one = ([name, wanted]: [string, Json]) => {
    const not = name.startsWith("not");
    const fact = known[not ? name.slice(3).toLowerCase() : name];
    return fact !== undefined && (Array.isArray(wanted) ? wanted.includes(fact) : wanted === fact) !== not;
  };
  return when.dial === known.dial && Object.entries(when).every(one);
}
/** The delay of each dial of one client: `held` says how long the lost connection had held since its JOIN ack. */
export function delays({ reconnect }: Json, cases: Json[]): number[] {
  let n = 0;
  return cases.map(({ held, random }) => {
    if (held !== null && held >= reconnect.settledAfter) n = 0;
    return random * Math.min(reconnect.max, reconnect.base * 2 ** n++);
  });
}
export function mismatches(table: Json, trace: Json): Json[] {
  const client = new Client(table, trace);
  const took = trace.steps.map((s: Json) => ({ step: s, do: client.step(s), state: client.state, over: client.over }));
  return took.filter(({ step, state, over, do: done }: Json) =>
    state !== step.state || over !== step.over || done.join() !== step.do.join());
}
