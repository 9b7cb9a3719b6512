//! The slots of each master.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::backplane::redis::call_link::CallLink;
use crate::backplane::redis::sentinel::Whereabouts;
use crate::backplane::{BackplaneSettings, Server};

/// The number of slots.
const SLOTS: i64 = 16_384;

/// One master, with its connections while they are open.
pub struct Master {
    pub place: Whereabouts,
    pub commands: Arc<CallLink>,
    pub lease: Arc<CallLink>,
    pub media: Arc<CallLink>,
    /// The server of the present session.
    server: Mutex<Option<Server>>,
}

impl Master {
    pub fn new(place: Whereabouts, settings: &BackplaneSettings, refresh: &Arc<Notify>) -> Self {
        let link = || Arc::new(CallLink::new(settings.max_calls, settings.max_call_bytes, refresh));
        Self { place, commands: link(), lease: link(), media: link(), server: Mutex::default() }
    }

    pub fn close(&self) {
        [&self.commands, &self.lease, &self.media].into_iter().for_each(|link| link.close());
        self.set_server(None);
    }

    pub fn server(&self) -> Option<Server> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn set_server(&self, server: Option<Server>) {
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = server;
    }
}

/// All masters and their slots.
#[derive(Default)]
pub struct Routes {
    ranges: Vec<(i64, i64, Arc<Master>)>,
    pub all: Vec<Arc<Master>>,
}

impl Routes {
    /// Creates the routes of a single master, which has all slots.
    pub fn of_one(master: Arc<Master>) -> Self {
        Self::new(vec![(0, SLOTS - 1, master)])
    }

    /// Creates routes from the first and the last slot of each range, with its master.
    pub fn new(ranges: Vec<(i64, i64, Arc<Master>)>) -> Self {
        let mut all: Vec<Arc<Master>> = Vec::new();
        for (_, _, master) in &ranges {
            if !all.iter().any(|known| Arc::ptr_eq(known, master)) {
                all.push(Arc::clone(master));
            }
        }
        Self { ranges, all }
    }

    pub fn of_slot(&self, slot: u16) -> Option<&Arc<Master>> {
        let slot = i64::from(slot);
        self.ranges.iter().find(|(first, last, _)| (*first..=*last).contains(&slot)).map(|(_, _, master)| master)
    }

    /// Returns whether every slot has a master.
    pub fn is_complete(&self) -> bool {
        self.ranges.iter().map(|(first, last, _)| last - first + 1).sum::<i64>() == SLOTS
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backplane::SettingNames;
    use std::time::Duration;

    fn master(port: u16) -> Arc<Master> {
        let settings = BackplaneSettings {
            address: "redis://h".parse().expect("an address"),
            ca: None,
            names: SettingNames::default(),
            timeout: Duration::ZERO,
            media_timeout: Duration::ZERO,
            connect_timeout: Duration::ZERO,
            lease: Duration::ZERO,
            beat_timeout: Duration::ZERO,
            max_calls: 1,
            max_call_bytes: 1,
            max_push_bytes: 1,
        };
        let place = Whereabouts::At(Server { host: "h".into(), port });
        Arc::new(Master::new(place, &settings, &Arc::default()))
    }

    #[test]
    fn each_slot_has_the_master_of_its_range() {
        let (one, two) = (master(1), master(2));
        let ranges = vec![(0, 99, Arc::clone(&one)), (200, 16_383, Arc::clone(&two)), (100, 198, Arc::clone(&one))];
        let routes = Routes::new(ranges);
        let is = |slot, master| routes.of_slot(slot).is_some_and(|found| Arc::ptr_eq(found, master));
        assert!(is(0, &one) && is(150, &one) && is(200, &two) && is(16_383, &two));
        assert!(routes.of_slot(199).is_none() && !routes.is_complete());
        assert_eq!(routes.all.len(), 2);
        assert!(Routes::of_one(one).is_complete());
    }
}
