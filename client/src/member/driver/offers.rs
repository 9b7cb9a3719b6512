//! The `OFFER`s of the member that are without their `ANSWER`, by whom they went to.

use roomcast_protocol::signal::{MemberKey, Recipient};
use serde::Deserialize;
use serde_json::Value;

/// Recipients that are remembered: one member has no more open offers.
const MOST: usize = 64;

/// `None` goes to the other user of a call.
#[derive(Debug, Default)]
pub(super) struct Offers(Vec<Option<Recipient>>);

#[derive(Deserialize)]
struct Message {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    to: Option<Recipient>,
}

impl Offers {
    /// Notes an `OFFER` that goes out. Another one to the same recipient takes the place of the first.
    pub fn note_sent(&mut self, text: &str) {
        let Ok(Message { data }) = serde_json::from_str::<Message>(text) else { return };
        if !self.0.contains(&data.to) && self.0.len() < MOST {
            self.0.push(data.to);
        }
    }

    /// Notes an `ANSWER` of this session: its offer is open no more.
    pub fn note_answered(&mut self, by: &MemberKey) {
        self.0.retain(|to| to.as_ref().is_some_and(|to| !to.matches(by)));
    }

    /// Notes the `req` of a refusal; returns whether it closed the last open offer.
    pub fn note_refused(&mut self, request: &Value) -> bool {
        let Ok(Message { data }) = Message::deserialize(request) else { return false };
        let before = self.0.len();
        self.0.retain(|to| *to != data.to);
        self.0.len() < before && self.0.is_empty()
    }

    /// Counts those that are open.
    pub fn open_count(&self) -> u64 {
        self.0.len() as u64
    }

    /// Drops all waits, since another `JOIN` restarts them.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_offer_is_open_no_more() {
        let offer = |to: &str| format!(r#"{{"action":"offer","data":{{"s":"OFFER","to":"{to}"}}}}"#);
        let mut offers = Offers::default();
        for to in ["ann", "bob"] {
            offers.note_sent(&offer(to));
        }
        let mut refused = |to: &str| offers.note_refused(&serde_json::from_str(&offer(to)).unwrap());
        assert_eq!([refused("eve"), refused("ann"), refused("ann"), refused("bob")], [false, false, false, true]);
    }

    #[test]
    fn an_answer_closes_the_offers_to_its_sender_alone() {
        let key = |user: &str, session: &str| {
            serde_json::from_value::<MemberKey>(serde_json::json!({"userId": user, "sessionId": session}))
        };
        let (bob, other, ann) = (key("bob", "b1").unwrap(), key("bob", "b2").unwrap(), key("ann", "a1").unwrap());
        let mut offers = Offers::default();
        for to in [r#","to":"bob""#, r#","to":"bob""#, "", r#","to":{"userId":"ann","sessionId":"a1"}"#] {
            offers.note_sent(&format!(r#"{{"action":"offer","data":{{"s":"OFFER"{to}}}}}"#));
        }
        assert_eq!(offers.open_count(), 3);
        offers.note_answered(&other);
        assert_eq!(offers.open_count(), 1, "those to bob and to nobody in particular");
        offers.note_answered(&bob);
        assert_eq!(offers.open_count(), 1);
        offers.note_answered(&ann);
        assert_eq!(offers.open_count(), 0);
    }
}
