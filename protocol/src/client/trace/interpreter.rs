//! A second interpreter that knows nothing but the JSON of the table: the proof that the JSON is enough.
//!
//! Written to be translated line by line; the published ones in other languages are such translations.

use std::collections::HashMap;

use serde_json::{Value, json};

pub(super) struct Run<'a> {
    pub table: &'a Value,
    pub trace: &'a Value,
    pub state: String,
    pub role: Value,
    pub seen: HashMap<String, Vec<u64>>,
    pub rejoins: Vec<u64>,
    pub unanswered: u64,
    /// The connection of the outcome of the last step.
    pub over: Value,
    /// The time for which a heartbeat may stay unanswered.
    pub answer: u64,
}

impl<'a> Run<'a> {
    pub fn new(table: &'a Value, trace: &'a Value) -> Self {
        let state = table["initial"].as_str().unwrap().to_owned();
        let (role, seen) = (trace["role"].clone(), HashMap::new());
        let answer = table["heartbeat"]["answer"].as_u64().unwrap();
        let (rejoins, over) = (Vec::new(), Value::Null);
        Self { table, trace, state, role, seen, rejoins, unanswered: 0, over, answer }
    }
}

fn has(list: &Value, name: &str) -> bool {
    list.as_array().is_some_and(|list| list.iter().any(|one| one == name))
}

fn find(list: &Value, wanted: impl Fn(&Value) -> bool) -> Option<&Value> {
    list.as_array()?.iter().find(|one| wanted(one))
}

/// Returns the facts that a message or a failed dial carries, by the names of the conditions.
fn facts(step: &Value, me: &Value) -> Value {
    if step["on"] == "dial" {
        return json!({ "dial": true, "status": step.get("status").unwrap_or(&json!(0)) });
    }
    let message = &step["message"];
    let mut facts = json!({ "open": step.get("open").unwrap_or(&json!(0)) });
    // A member of a wrong type is as absent.
    let told = [
        ("s", Some(&message["s"]).filter(|s| s.is_string())),
        ("c", Some(&message["c"]).filter(|c| c.is_u64())),
        ("pt", Some(&message["b"]["pt"]).filter(|pt| pt.is_string())),
    ];
    for (name, fact) in told {
        fact.into_iter().for_each(|fact| facts[name] = fact.clone());
    }
    if let Some(to) = message.get("to") {
        let whole = to["userId"] == me["userId"] && to.get("sessionId").is_none_or(|id| *id == me["sessionId"]);
        facts["self"] = json!(*to == me["userId"] || whole);
    }
    if let Some(list) = message["b"]["pps"].as_array() {
        let own = |one: &&Value| one["userId"] == me["userId"];
        facts["me"] = json!(list.iter().filter(own).any(|one| one["sessionId"] == me["sessionId"]));
        facts["others"] = json!(list.iter().any(|one| one["userId"].is_string() && !own(&one)));
    }
    facts
}

fn met(when: &Value, facts: &Value) -> bool {
    let holds = |(name, wanted): (&String, &Value)| {
        let (not, name) = match name.strip_prefix("not") {
            Some(name) => (true, name.to_lowercase()),
            None => (false, name.clone()),
        };
        let Some(fact) = facts.get(&name) else { return false };
        let listed = wanted.as_array().map_or(wanted == fact, |list| list.contains(fact));
        listed != not
    };
    when.get("dial") == facts.get("dial") && when.as_object().unwrap().iter().all(holds)
}

fn holds(rule: &Value, times: &[u64], now: u64, answer: u64) -> bool {
    if rule["kind"] == "timeout" {
        let after = if rule["id"] == "heartbeat" { answer } else { rule["after"].as_u64().unwrap() };
        return !times.is_empty() && now - times[0] >= after;
    }
    let recent = times.iter().filter(|time| now - **time < rule["within"].as_u64().unwrap());
    recent.count() as u64 >= rule["count"].as_u64().unwrap()
}

impl Run<'_> {
    fn applies(&self, rule: &Value) -> bool {
        let room = rule.get("roomTypes").is_none_or(|types| has(types, self.trace["room"].as_str().unwrap()));
        let role = rule.get("role").is_none_or(|role| *role == self.role);
        has(&rule["states"], &self.state) && room && role
    }

    fn event(&mut self, name: &str, now: u64) -> bool {
        let step = find(&self.table["moves"], |step| step["from"] == *self.state && step["on"] == name);
        self.state = step.map_or(self.state.clone(), |step| step["to"].as_str().unwrap().to_owned());
        if step.is_some() && (name == "joinSent" || name == "joinAccepted") {
            self.unanswered = 0;
        }
        self.see(name, now);
        step.is_some()
    }

    fn see(&mut self, name: &str, now: u64) {
        for rule in self.table["watchdog"]["rules"].as_array().unwrap() {
            let applies = self.applies(rule);
            let times = self.seen.entry(rule["id"].to_string()).or_default();
            if !applies || has(&rule["cancelledBy"], name) || has(&rule["reset"], name) {
                times.clear();
            } else if rule["observation"] == name || (has(&rule["start"], name) && times.is_empty()) {
                times.push(now);
            }
        }
    }

    fn act(&mut self, name: &str, now: u64, cause: &str) -> Vec<String> {
        let again = !["stop", "fail"].contains(&name);
        let counts = |row: &Value| row["cause"] == cause && has(&row["states"], &self.state);
        self.unanswered += u64::from(find(&self.table["joinAck"]["counted"], counts).is_some());
        let end = again && self.unanswered >= self.table["joinAck"]["attempts"].as_u64().unwrap();
        let name = if end { "fail" } else { name };
        let outcome = find(&self.table["outcomes"], |outcome| outcome["name"] == name).unwrap();
        if !has(&outcome["states"], &self.state) {
            return vec!["ignored".into()];
        }
        let row = find(&outcome["over"], |over| has(&over["states"], &self.state));
        self.over = row.map_or(Value::Null, |over| over["connection"].clone());
        if name == "rejoin" {
            self.seen.clear();
            self.rejoins.push(now);
        }
        if let Some(before) = outcome.get("before").filter(|before| before["state"] == *self.state) {
            self.event(before["event"].as_str().unwrap(), now);
        }
        let moves =
            |event: &Value| find(&self.table["moves"], |m| m["from"] == *self.state && m["on"] == *event).is_some();
        let event = find(&outcome["events"], moves).or(outcome["events"].get(0));
        event.into_iter().for_each(|event| _ = self.event(event.as_str().unwrap(), now));
        vec![name.into()]
    }

    fn tick(&mut self, now: u64) -> Vec<String> {
        let watchdog = &self.table["watchdog"];
        let fires = |rule: &Value| {
            self.seen.get(&rule["id"].to_string()).is_some_and(|times| holds(rule, times, now, self.answer))
        };
        let Some(rule) = find(&watchdog["rules"], fires) else { return vec![] };
        let recent = self.rejoins.iter().filter(|time| now - **time < watchdog["window"].as_u64().unwrap()).count();
        let full = rule["then"] == "rejoin" && recent as u64 >= watchdog["maxRejoins"].as_u64().unwrap();
        self.act(if full { "fail" } else { rule["then"].as_str().unwrap() }, now, "tick")
    }

    fn read(&mut self, step: &Value, now: u64) -> Vec<String> {
        let facts = facts(step, &self.trace["me"]);
        if let Some(interval) = step["message"]["b"]["hb"]["interval"].as_u64() {
            let beats = |name: &str| self.table["heartbeat"][name].as_u64().unwrap();
            self.answer = interval + beats("answer") - beats("interval");
        }
        let cause = step["on"].as_str().unwrap();
        let mut done = vec![];
        for row in self.table["wire"].as_array().unwrap().iter().filter(|row| met(&row["when"], &facts)) {
            let text = |name: &str| row.get(name).and_then(Value::as_str);
            if text("event").is_some_and(|event| !self.event(event, now)) {
                done.push("ignored".into());
            }
            text("outcome").into_iter().for_each(|name| done.extend(self.act(name, now, cause)));
            text("observation").into_iter().for_each(|name| self.see(name, now));
            row.get("role").into_iter().for_each(|role| self.role = role.clone());
        }
        done
    }

    fn leave(&mut self, now: u64) -> Vec<String> {
        let row = find(&self.table["leave"], |row| has(&row["states"], &self.state)).unwrap();
        let mut done: Vec<String> = serde_json::from_value(row["do"].clone()).unwrap();
        if row.get("event").is_some_and(|event| !self.event(event.as_str().unwrap(), now)) {
            done.push("ignored".into());
        }
        done
    }

    pub fn step(&mut self, step: &Value) -> Vec<String> {
        let (on, now) = (step["on"].as_str().unwrap(), step["at"].as_u64().unwrap());
        self.over = Value::Null;
        if on == "close" {
            let row = find(&self.table["close"], |row| row["code"] == step["code"] || row["default"] == true).unwrap();
            let renewed = row.get("renewed").filter(|_| step["renewed"] == true);
            return self.act(renewed.unwrap_or(&row["do"]).as_str().unwrap(), now, "close");
        }
        if on == "leave" {
            return self.leave(now);
        }
        if on == "message" || on == "dial" {
            return self.read(step, now);
        }
        if find(&self.table["events"], |event| event["name"] == on).is_some() {
            return if self.event(on, now) { vec![] } else { vec!["ignored".into()] };
        }
        self.see(on, now);
        if on == "tick" { self.tick(now) } else { vec![] }
    }
}
