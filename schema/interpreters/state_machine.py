"""The client's state machine, driven by state-machine.json alone: mismatches(table, trace) lists wrong steps."""
class Client:
    def __init__(self, table, trace):
        self.table, self.trace, self.state, self.seen, self.rejoins = table, trace, table["initial"], {}, []

    def applies(self, rule):
        room, role = self.trace["room"], self.trace["role"]
        fits = room in rule.get("roomTypes", [room]) and role == rule.get("role", role)
        return fits and self.state in rule["states"]

    def after(self, event):
        return next((m["to"] for m in self.table["moves"] if m["from"] == self.state and m["on"] == event), None)

    def event(self, name, now):
        to = self.after(name)
        self.state = to or self.state
        self.see(name, now)
        return to is not None

    def see(self, name, now):
        for rule in self.table["watchdog"]["rules"]:
            times = self.seen.setdefault(rule["id"], [])
            if not self.applies(rule) or name in rule.get("cancelledBy", []) or name in rule.get("reset", []):
                times.clear()
            elif rule.get("observation") == name or (name in rule.get("start", []) and not times):
                times.append(now)

    def act(self, name, now):
        outcome = next(one for one in self.table["outcomes"] if one["name"] == name)
        if self.state not in outcome["states"]:
            return ["ignored"]
        if name == "rejoin":
            self.seen, self.rejoins = {}, [*self.rejoins, now]
        self.event(next((event for event in outcome["events"] if self.after(event)), outcome["events"][0]), now)
        return [name]

    def tick(self, now):
        dog = self.table["watchdog"]
        rule = next((rule for rule in dog["rules"] if holds(rule, self.seen.get(rule["id"], []), now)), None)
        full = sum(now - time < dog["window"] for time in self.rejoins) >= dog["maxRejoins"]
        return self.act("fail" if full and rule["then"] == "rejoin" else rule["then"], now) if rule else []

    def step(self, on, now, code):
        if on == "close":
            return self.act(next(c["do"] for c in self.table["close"] if c.get("code") == code or c.get("default")), now)
        if any(event["name"] == on for event in self.table["events"]):
            return [] if self.event(on, now) else ["ignored"]
        self.see(on, now)
        return self.tick(now) if on == "tick" else []

def holds(rule, times, now):
    if rule["kind"] == "timeout":
        return bool(times) and now - times[0] >= rule["after"]
    return sum(now - time < rule["within"] for time in times) >= rule["count"]

def mismatches(table, trace):
    client = Client(table, trace)
    took = [(step, client.step(step["on"], step["at"], step.get("code")), client.state) for step in trace["steps"]]
    return [(step, do, state) for step, do, state in took if (do, state) != (step["do"], step["state"])]
