//! A second interpreter that knows nothing but the JSON of the table: the proof that the JSON is enough.
//!
//! Written to be translated line by line; the published ones in other languages are such translations.

use std::collections::HashMap;

use serde_json::Value;

pub(super) struct Run<'a> {
    pub table: &'a Value,
    pub trace: &'a Value,
    pub state: String,
    pub seen: HashMap<String, Vec<u64>>,
    pub rejoins: Vec<u64>,
}

fn has(list: &Value, name: &str) -> bool {
    list.as_array().is_some_and(|list| list.iter().any(|one| one == name))
}

fn find(list: &Value, wanted: impl Fn(&Value) -> bool) -> Option<&Value> {
    list.as_array()?.iter().find(|one| wanted(one))
}

fn holds(rule: &Value, times: &[u64], now: u64) -> bool {
    if rule["kind"] == "timeout" {
        return !times.is_empty() && now - times[0] >= rule["after"].as_u64().unwrap();
    }
    let recent = times.iter().filter(|time| now - **time < rule["within"].as_u64().unwrap());
    recent.count() as u64 >= rule["count"].as_u64().unwrap()
}

impl Run<'_> {
    fn applies(&self, rule: &Value) -> bool {
        let room = rule.get("roomTypes").is_none_or(|types| has(types, self.trace["room"].as_str().unwrap()));
        let role = rule.get("role").is_none_or(|role| *role == self.trace["role"]);
        has(&rule["states"], &self.state) && room && role
    }

    fn event(&mut self, name: &str, now: u64) -> bool {
        let step = find(&self.table["moves"], |step| step["from"] == *self.state && step["on"] == name);
        self.state = step.map_or(self.state.clone(), |step| step["to"].as_str().unwrap().to_owned());
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

    fn act(&mut self, name: &str, now: u64) -> Vec<String> {
        let outcome = find(&self.table["outcomes"], |outcome| outcome["name"] == name).unwrap();
        if !has(&outcome["states"], &self.state) {
            return vec!["ignored".into()];
        }
        if name == "rejoin" {
            self.seen.clear();
            self.rejoins.push(now);
        }
        let moves =
            |event: &Value| find(&self.table["moves"], |m| m["from"] == *self.state && m["on"] == *event).is_some();
        let event = find(&outcome["events"], moves).unwrap_or(&outcome["events"][0]);
        self.event(event.as_str().unwrap(), now);
        vec![name.into()]
    }

    fn tick(&mut self, now: u64) -> Vec<String> {
        let watchdog = &self.table["watchdog"];
        let fires = |rule: &Value| self.seen.get(&rule["id"].to_string()).is_some_and(|times| holds(rule, times, now));
        let Some(rule) = find(&watchdog["rules"], fires) else { return vec![] };
        let recent = self.rejoins.iter().filter(|time| now - **time < watchdog["window"].as_u64().unwrap()).count();
        let full = rule["then"] == "rejoin" && recent as u64 >= watchdog["maxRejoins"].as_u64().unwrap();
        self.act(if full { "fail" } else { rule["then"].as_str().unwrap() }, now)
    }

    pub fn step(&mut self, step: &Value) -> Vec<String> {
        let (on, now) = (step["on"].as_str().unwrap(), step["at"].as_u64().unwrap());
        if on == "close" {
            let row = find(&self.table["close"], |row| row["code"] == step["code"] || row["default"] == true).unwrap();
            return self.act(row["do"].as_str().unwrap(), now);
        }
        if find(&self.table["events"], |event| event["name"] == on).is_some() {
            return if self.event(on, now) { vec![] } else { vec!["ignored".into()] };
        }
        self.see(on, now);
        if on == "tick" { self.tick(now) } else { vec![] }
    }
}
