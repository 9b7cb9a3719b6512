// The state machine's table with one entry broken at a time: what is published must tell each from the whole one.

import { read } from "./files.mjs";

/** Words for people, and values that count outside of the machine. */
const NOT_RUN = {
  "/version": "the form of the table, not its content",
  "(/[a-zA-Z]+)+/text": "words for people",
  "/watchdog/interval": "the caller of the machine ticks; the traces say when",
  "/reconnect/(jitter|formula|givesUp)": "words for people; the delays of the vectors follow the formula",
  "/reconnect/dialTimeout": "a dial is bounded outside of the machine, which is told that it failed",
  "/heartbeat/timeout": "the server's own: when it removes a member",
  "/watchdog/rules/(?!heartbeat)[a-zA-Z]+/id": "a name, which nothing else uses",
};

/** Entries without which every client that can be behaves the same. */
const SAME = {
  "/watchdog/rules/(lowFrameRate|criticalFailure|slowUpload)/kind": "`count` and `consecutive` differ in `reset`, which says it",
  "/watchdog/rules/(joinAck|rejoinAck)/cancelledBy/(joinAccepted|joinRefused)": "the rule has not the state that follows, so that the wait is over",
  "/watchdog/rules/rejoinAck/start/joinSent": "it happens in `idle` and `leaved` alone",
  "/wire/calleePresent/when/s/JOIN": "nobody waits for the callee before `JOIN` is accepted",
  "/leave/leaveSent/event": "where there is nothing to leave no event moves the state",
  "/wire/joinUnavailable(/.*)?": "no rule looks for it",
  "/close/(1001|1006|1011|1012|1013)(/code)?": "the code means the same as one that is not listed",
};

/** Every path to a number, a word, a truth and an entry of a list, and what else could stand there; undefined: nothing. */
function* mutants(value, path = []) {
  if (Array.isArray(value)) {
    for (const [index, one] of value.entries()) {
      yield { path: [...path, index], to: undefined };
      yield* mutants(one, [...path, index]);
    }
  } else if (value !== null && typeof value === "object") {
    for (const [name, one] of Object.entries(value)) yield* mutants(one, [...path, name]);
  } else if (typeof value === "number") {
    yield { path, to: value - 1 };
    yield { path, to: value + 1 };
  } else yield { path, to: typeof value === "boolean" ? !value : "another" };
}

function broken(table, { path, to }) {
  const copy = structuredClone(table);
  const last = path.at(-1);
  const parent = path.slice(0, -1).reduce((part, name) => part[name], copy);
  if (to === undefined) parent.splice(last, 1);
  else parent[last] = to;
  return copy;
}

/** A path with names in place of indices, as far as the entries have any. */
function named(table, path) {
  const names = [];
  path.reduce((part, name) => {
    const inner = part[name];
    const own = inner?.id ?? inner?.code ?? inner?.name ?? inner?.event ?? inner?.observation ?? inner?.outcome ?? inner?.role;
    const label = typeof inner === "object" ? own : inner;
    names.push(Array.isArray(part) ? (label ?? name) : name);
    return inner;
  }, table);
  return `/${names.join("/")}`;
}

const values = (list, name) => list.map((one) => one[name]).filter((value) => value !== undefined);

/** Holds the parts of a table against each other: names are those of its lists, numbers that stand twice are the same. */
function agrees({ states, events, observations, moves, watchdog, outcomes, wire, joinAck, heartbeat }, traces) {
  const { rules } = watchdog;
  const used = (lists, listed) => {
    const all = new Set(lists.flat());
    return all.size === listed.length && listed.every(({ name }) => all.has(name));
  };
  const seen = rules.flatMap(({ start = [], cancelledBy = [], reset = [], observation = [] }) => [start, cancelledBy, reset, observation].flat());
  const isEvent = (name) => events.some((event) => event.name === name);
  const steps = traces.flatMap((trace) => trace.steps.map(({ on }) => on));
  const kinds = ["close", "message", "dial", "leave"];
  const after = (id) => rules.find((rule) => rule.id === id).after;
  return [
    used([values(moves, "from"), values(moves, "to"), rules.map((rule) => rule.states), outcomes.map((one) => one.states)].flat(2), states),
    used([values(moves, "on"), seen.filter(isEvent), values(wire, "event")], events),
    used([seen.filter((name) => !isEvent(name)), values(wire, "observation"), steps.filter((on) => !isEvent(on) && !kinds.includes(on))], observations),
    states.every(({ name, final = false }) => final === !moves.some(({ from }) => from === name)),
    after("joinAck") === joinAck.timeout && after("rejoinAck") === joinAck.timeout && after("heartbeat") === heartbeat.answer,
  ].every((holds) => holds);
}

/** Whether traces and delays, or the table itself, show that it is another one. A table that cannot be run does. */
function isTold({ mismatches, delays }, table, { traces, delays: cases }) {
  try {
    const isLate = delays(table, cases).some((delay, index) => Math.abs(delay - cases[index].delay) > 0.001);
    return isLate || !agrees(table, traces) || traces.some((trace) => mismatches(table, trace).length > 0);
  } catch {
    return true;
  }
}

/** Breaks each entry of the table, by an interpreter that is given. */
export function tableIsTold(interpreter) {
  const table = read("state-machine.json");
  const vectors = read("vectors/state-machine.json");
  if (isTold(interpreter, table, vectors)) throw new Error("the whole table does not pass");
  const permitted = Object.keys({ ...NOT_RUN, ...SAME });
  const survivors = [...mutants(table)].filter((mutant) => !isTold(interpreter, broken(table, mutant), vectors));
  const paths = survivors.map(({ path, to }) => ({ name: named(table, path), to }));
  const matches = (pattern, { name }) => new RegExp(`^${pattern}$`).test(name);
  const told = paths.filter((one) => !permitted.some((pattern) => matches(pattern, one)));
  if (told.length > 0) throw new Error(`nothing tells these:\n${told.map(({ name, to }) => `${name}: ${to}`).join("\n")}`);
  const idle = permitted.filter((pattern) => !paths.some((one) => matches(pattern, one)));
  if (idle.length > 0) throw new Error(`these are told and need not be permitted: ${idle.join(", ")}`);
  return `${[...mutants(table)].length} broken tables, ${survivors.length} of them permitted for ${permitted.length} reasons`;
}
