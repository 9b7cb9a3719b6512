/** The client's state machine, driven by state-machine.json alone: `mismatches(table, trace)` lists wrong steps. */
type Json = any;

class Client {
  state: string;
  seen: Record<string, number[]> = {};
  rejoins: number[] = [];
  constructor(readonly table: Json, readonly trace: Json) { this.state = table.initial; }

  applies(rule: Json): boolean {
    const room = (rule.roomTypes ?? [this.trace.room]).includes(this.trace.room);
    return rule.states.includes(this.state) && room && (rule.role ?? this.trace.role) === this.trace.role;
  }
  after(event: string): string | undefined {
    return this.table.moves.find((m: Json) => m.from === this.state && m.on === event)?.to;
  }
  event(name: string, now: number): boolean {
    const to = this.after(name);
    this.state = to ?? this.state;
    this.see(name, now);
    return to !== undefined;
  }
  see(name: string, now: number): void {
    for (const rule of this.table.watchdog.rules) {
      const times = (this.seen[rule.id] ??= []);
      if (!this.applies(rule) || rule.cancelledBy?.includes(name) || rule.reset?.includes(name)) times.length = 0;
      else if (rule.observation === name || (rule.start?.includes(name) && times.length === 0)) times.push(now);
    }
  }
  act(name: string, now: number): string[] {
    const outcome = this.table.outcomes.find((one: Json) => one.name === name);
    if (!outcome.states.includes(this.state)) return ["ignored"];
    if (name === "rejoin") { this.seen = {}; this.rejoins.push(now); }
    this.event(outcome.events.find((event: string) => this.after(event)) ?? outcome.events[0], now);
    return [name];
  }
  tick(now: number): string[] {
    const { rules, window, maxRejoins } = this.table.watchdog;
    const rule = rules.find((rule: Json) => holds(rule, this.seen[rule.id] ?? [], now));
    if (rule === undefined) return [];
    const full = this.rejoins.filter((time) => now - time < window).length >= maxRejoins;
    return this.act(full && rule.then === "rejoin" ? "fail" : rule.then, now);
  }
  step(on: string, now: number, code?: number): string[] {
    if (on === "close") return this.act(this.table.close.find((c: Json) => c.default || c.code === code).do, now);
    if (this.table.events.some((event: Json) => event.name === on)) return this.event(on, now) ? [] : ["ignored"];
    this.see(on, now);
    return on === "tick" ? this.tick(now) : [];
  }
}
function holds(rule: Json, times: number[], now: number): boolean {
  if (rule.kind === "timeout") return times.length > 0 && now - times[0] >= rule.after;
  return times.filter((time) => now - time < rule.within).length >= rule.count;
}
export function mismatches(table: Json, trace: Json): Json[] {
  const client = new Client(table, trace);
  const took = trace.steps.map((s: Json) => ({ step: s, do: client.step(s.on, s.at, s.code), state: client.state }));
  return took.filter((t: Json) => t.state !== t.step.state || t.do.join() !== t.step.do.join());
}
