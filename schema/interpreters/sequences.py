"""A client's bookkeeping of messages in both directions: mismatches(sequence, limits) lists wrong steps.

Left out: a full queue drops nothing, it refuses; all senders are remembered; leaving draws no new token of its own.
"""
import json

def number(value):
    return type(value) is int and 0 <= value < 2 ** 53

def truth(value):
    return isinstance(value, bool)

def text(value):
    return isinstance(value, str)

def count(value):
    return value is None or number(value)

NEEDS = {"JOIN": {"rt": text, "sq": number, "resumed": truth, "n": count}, "HEARTBEAT": {"n": count},
         "GAP": {"to": number}, "RESEND": {"n": number}}

class Delivery:
    def __init__(self, limits, last, own):
        self.own = own
        self.limits, self.last, self.kept, self.counted = limits, last, [], True
        self.phase, self.token, self.highest = "down", self.own, None
        self.heard, self.waiting, self.received, self.sends = {}, [], [0, 0], []
    def options(self):
        told = {} if self.highest is None else {"resumeFrom": self.highest}
        return told | {"resumeToken": self.token, "n": self.last - len(self.kept)}
    def join(self):
        self.phase = "asked"
        self.sends.append({"s": "JOIN", "op": self.options()})
    def leave(self):
        if self.phase != "down":
            self.sends.append({"s": "LEAVE"})
        self.phase, self.token, self.highest = "down", self.own, None
        self.kept, self.waiting, self.received = [], [], [0, 0]
    def beat(self, send_ack=True):
        self.received = [0, 0]
        self.sends.append({"s": "HEARTBEAT", "sq": self.highest, "send_ack": send_ack})
    def say(self, signal):
        if self.phase != "joined":
            if len(self.waiting) >= self.limits["offlineSignals"]:
                return "fails"
            self.waiting.append(signal)
            return "waits"
        if not self.counted:
            self.sends.append(signal)
            return "said"
        if len(self.kept) >= self.limits["unconfirmedSignals"]:
            return "fails"
        self.last += 1
        self.kept.append(signal | {"n": self.last})
        self.sends.append(self.kept[-1])
        return "said"
    def confirm(self, n):
        self.kept = [signal for signal in self.kept if signal["n"] > n]
        self.last = max(self.last, n)
    def go_on(self, again):
        """What is said again, and then what waits; an `UPDATE` that the client owes after a resume goes between."""
        self.sends += again
        while self.phase == "joined" and self.waiting and len(self.kept) < self.limits["unconfirmedSignals"]:
            self.say(self.waiting.pop(0))
    def receive(self, message):
        name = message.get("s") if isinstance(message, dict) else None
        if not text(name) or not all(number(message[member]) for member in ("sq", "c") if member in message):
            return "refused"
        if "sq" not in message:
            if "c" not in message or name == "PUBLISH_LIST_CHANGED":
                return "refused"
            body = message.get("b")
            return self.acknowledged(name.removesuffix("_ACK"), message["c"], body if isinstance(body, dict) else {})
        if not self.is_new(message["sq"], len(json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode())):
            return "dropped"
        n, ss = message.get("n"), message.get("ss")
        sender = [ss.get(member) for member in ("userId", "sessionId")] if isinstance(ss, dict) else [None]
        if "c" in message or not number(n) or n == 0 or not all(map(text, sender)):
            return "delivered"
        sender = json.dumps(sender)
        highest, self.heard[sender] = self.heard.get(sender, 0), max(n, self.heard.get(sender, 0))
        return "delivered" if n > highest else "dropped"
    def is_new(self, sq, size):
        new = self.highest is None or sq > self.highest
        if new and self.highest is not None:
            self.highest = sq
        self.received = [self.received[0] + 1, self.received[1] + size]
        full = self.received[0] >= self.limits["receivedMessages"] or self.received[1] >= self.limits["receivedBytes"]
        if full and self.phase == "joined":
            self.beat(False)
        return new
    def acknowledged(self, name, code, body):
        if name == "JOIN" and self.phase != "asked":
            return "dropped"
        if code != 200:
            return "delivered"
        if not all(fits(body.get(member)) for member, fits in NEEDS.get(name, {}).items()):
            return "refused"
        if name == "JOIN":
            self.phase, self.token, self.counted = "joined", body["rt"], body.get("n") is not None
            self.highest = min(self.highest or 0, body["sq"]) if body["resumed"] else body["sq"]
            if self.counted:
                self.confirm(body["n"])
            again, self.kept = self.kept, self.kept if self.counted else []
            self.go_on(again)
        elif name == "HEARTBEAT":
            self.confirm(body.get("n") or 0)
            self.go_on([])
        elif name == "GAP":
            self.highest = max(self.highest or 0, body["to"])
        elif name == "RESEND" and self.phase == "joined":
            self.confirm(body["n"])
            self.go_on(self.kept)
        return "delivered"

def step(client, step):
    """What becomes of the message or signal, what the client sends, and the client after it."""
    on, took, client.sends = step["on"], None, []
    for more in range(step.get("times", 1)):
        if on == "message":
            message = step["message"]
            grown = {} if more == 0 else {name: message[name] + more for name in ("sq", "n") if name in message}
            took = client.receive(message | grown if grown else message)
        elif on == "say":
            took = client.say(step["signal"])
        elif on == "close":
            client.phase = "down"
        else:
            {"open": client.join, "again": client.join, "leave": client.leave, "beat": client.beat}[on]()
    kept = {"first": client.kept[0]["n"], "last": client.kept[-1]["n"]} if client.kept else None
    after = {"highest": client.highest, "kept": kept, "waiting": len(client.waiting), "join": client.options()}
    after["hurry"] = len(client.kept) >= client.limits["hurryingSignals"]
    return took, client.sends, after

def mismatches(sequence, limits):
    client = Delivery({limit["name"]: limit["value"] for limit in limits["limits"]}, sequence["n"], sequence["token"])
    took = [(one, step(client, one)) for one in sequence["steps"]]
    return [(one, did) for one, did in took if did != (one.get("took"), one["sends"], one["after"])]
