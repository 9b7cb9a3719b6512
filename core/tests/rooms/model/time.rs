//! Effects of the passing of time.

use super::{GRACE_PERIOD, LIST_INTERVAL, Model, SILENCE};

impl Model {
    /// Ends a step: silence, the end of the room, the list.
    pub fn on_time(&mut self) {
        if self.closed {
            return;
        }
        let silent: Vec<_> =
            self.members.iter().filter(|(_, member)| self.now > member.heard + SILENCE).map(|(key, _)| *key).collect();
        for key in silent {
            self.remove(key, true);
        }
        if self.opened && self.members.is_empty() {
            self.close("empty");
        } else if self.empty_since.is_some_and(|since| self.now >= since + GRACE_PERIOD) {
            self.close("ended");
        } else if self.list_due().is_some_and(|due| self.now >= due) {
            let text = format!("LIST {}", self.list());
            for key in self.members.keys().copied().collect::<Vec<_>>() {
                self.deliver(key, &text, true);
            }
            self.shown = self.list();
            self.told = Some(self.now);
            self.changed = false;
        }
    }

    fn list_due(&self) -> Option<u64> {
        self.changed.then(|| self.told.map_or(0, |told| told + LIST_INTERVAL))
    }

    /// Returns when time alone will bring something about.
    pub fn next_event(&self) -> Option<u64> {
        let silence = self.members.values().map(|member| member.heard + SILENCE + 1).min();
        let grace_period = self.empty_since.map(|since| since + GRACE_PERIOD);
        [silence, grace_period, self.list_due()].into_iter().flatten().min().filter(|_| !self.closed)
    }
}
