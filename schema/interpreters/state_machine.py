"""The client's state machine, driven by state-machine.json alone: mismatches(table, trace) lists wrong steps."""
class Client:
    def __init__(self, table, trace):
        self.table, self.trace, self.state, self.role = table, trace, table["initial"], trace["role"]
        self.seen, self.rejoins, self.unanswered, self.over = {}, [], 0, None
        self.answer = table["heartbeat"]["answer"]

    def applies(self, rule):
        room = self.trace["room"]
        fits = room in rule.get("roomTypes", [room]) and self.role == rule.get("role", self.role)
        return fits and self.state in rule["states"]

    def after(self, event):
        return next((m["to"] for m in self.table["moves"] if m["from"] == self.state and m["on"] == event), None)

    def event(self, name, now):
        to = self.after(name)
        self.state = to or self.state
        if to and name in ("joinSent", "joinAccepted"):
            self.unanswered = 0
        self.see(name, now)
        return to is not None

    def see(self, name, now):
        for rule in self.table["watchdog"]["rules"]:
            times = self.seen.setdefault(rule["id"], [])
            if not self.applies(rule) or name in rule.get("cancelledBy", []) or name in rule.get("reset", []):
                times.clear()
            elif rule.get("observation") == name or (name in rule.get("start", []) and not times):
                times.append(now)

    def act(self, name, now, cause):
        join = self.table["joinAck"]
        self.unanswered += any(c["cause"] == cause and self.state in c["states"] for c in join["counted"])
        if self.unanswered >= join["attempts"] and name != "stop":
            name = "fail"
        outcome = next(one for one in self.table["outcomes"] if one["name"] == name)
        if self.state not in outcome["states"]:
            return ["ignored"]
        self.over = next(o["connection"] for o in outcome["over"] if self.state in o["states"])
        if name == "rejoin":
            self.seen, self.rejoins = {}, [*self.rejoins, now]
        if outcome.get("before", {}).get("state") == self.state:
            self.event(outcome["before"]["event"], now)
        for event in [*filter(self.after, outcome["events"]), *outcome["events"]][:1]:
            self.event(event, now)
        return [name]

    def holds(self, rule, now):
        times = self.seen.get(rule["id"], [])
        if rule["kind"] == "timeout":
            return bool(times) and now - times[0] >= (self.answer if rule["id"] == "heartbeat" else rule["after"])
        return sum(now - time < rule["within"] for time in times) >= rule["count"]

    def tick(self, now):
        dog = self.table["watchdog"]
        rule = next((rule for rule in dog["rules"] if self.holds(rule, now)), None)
        full = sum(now - time < dog["window"] for time in self.rejoins) >= dog["maxRejoins"]
        return self.act("fail" if full and rule["then"] == "rejoin" else rule["then"], now, "tick") if rule else []

    def read(self, step, now):
        known, done = facts(step, self.trace.get("me")), []
        beats, interval = self.table["heartbeat"], member(step.get("message"), "b", "hb", "interval")
        self.answer = interval + beats["answer"] - beats["interval"] if number(interval) else self.answer
        for row in self.table["wire"]:
            if met(row["when"], known):
                if "event" in row and not self.event(row["event"], now):
                    done.append("ignored")
                if "outcome" in row:
                    done += self.act(row["outcome"], now, step["on"])
                if "observation" in row:
                    self.see(row["observation"], now)
                self.role = row.get("role", self.role)
        return done

    def leave(self, now):
        row = next(row for row in self.table["leave"] if self.state in row["states"])
        return row["do"] + (["ignored"] if "event" in row and not self.event(row["event"], now) else [])

    def step(self, step):
        on, now, self.over = step["on"], step["at"], None
        if on == "close":
            row = next(c for c in self.table["close"] if c.get("code") == step["code"] or c.get("default"))
            return self.act(row.get("renewed", row["do"]) if step.get("renewed") else row["do"], now, on)
        if on in ("message", "dial"):
            return self.read(step, now)
        if on == "leave":
            return self.leave(now)
        if any(event["name"] == on for event in self.table["events"]):
            return [] if self.event(on, now) else ["ignored"]
        self.see(on, now)
        return self.tick(now) if on == "tick" else []

def number(value):
    return type(value) is int and 0 <= value < 2 ** 53

def member(value, *names):
    """A member of members of a message; None where one is absent, or is no object."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value

def facts(step, me):
    """What a message or a dial that failed says, by the names of the conditions; what it does not say is left out.

    A member of a wrong type says nothing: it is as absent."""
    if step["on"] == "dial":
        return {"dial": True, "status": step.get("status", 0)}
    message = step["message"]
    s, c, to, body = (member(message, name) for name in ("s", "c", "to", "b"))
    found = {"s": isinstance(s, str) and s, "c": number(c) and c, "pt": isinstance(member(body, "pt"), str) and body["pt"]}
    known = {name: fact for name, fact in found.items() if fact is not False} | {"open": step.get("open", 0)}
    if to is not None:
        session = member(to, "sessionId")
        known["self"] = me["userId"] in (to, member(to, "userId")) and session in (None, me["sessionId"])
    if isinstance(member(body, "pps"), list):
        own = [member(one, "sessionId") for one in body["pps"] if member(one, "userId") == me["userId"]]
        users = [member(one, "userId") for one in body["pps"]]
        others = any(isinstance(user, str) and user != me["userId"] for user in users)
        known |= {"me": me["sessionId"] in own, "others": others}
    return known

def met(when, known):
    """Every condition must hold; notStatus, notS and notC hold where there is the fact, and it is none of these."""
    def one(name, wanted):
        fact = name[3:].lower() if name.startswith("not") else name
        is_so = fact in known and (known[fact] in wanted if isinstance(wanted, list) else known[fact] == wanted)
        return not is_so and fact in known if name.startswith("not") else is_so
    return ("dial" in when) == ("dial" in known) and all(one(*condition) for condition in when.items())

def delays(table, cases):
    """The delay of each dial of one client: `held` says how long the lost connection had held since its JOIN ack."""
    reconnect, n, out = table["reconnect"], 0, []
    for case in cases:
        n = 0 if case["held"] is not None and case["held"] >= reconnect["settledAfter"] else n
        out.append(case["random"] * min(reconnect["max"], reconnect["base"] * 2 ** n))
        n += 1
    return out

def mismatches(table, trace):
    client = Client(table, trace)
    took = [(step, client.step(step), client.state, client.over) for step in trace["steps"]]
    return [one for one in took if one[1:] != (one[0]["do"], one[0]["state"], one[0].get("over"))]
