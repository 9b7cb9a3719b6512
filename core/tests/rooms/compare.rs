//! A step of the room beside the same step of the model.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use roomcast_core::room::owner::Owner;
use roomcast_core::room::{Effect, Input, OutboundMessage};
use roomcast_protocol::signal::Signal;

use crate::words;
use crate::world::{Checked, World};

impl World {
    /// Gives the room an event that the model has had already, and compares what follows.
    pub fn step(&mut self, input: Input) -> Checked {
        let mut said: Vec<(u64, OutboundMessage)> = Vec::new();
        let mut responders = Vec::new();
        let (mut forgotten, mut replaced, mut ended) = (BTreeSet::new(), Vec::new(), false);
        for effect in self.room.step(self.context(), input) {
            match effect {
                Effect::Send { to, message } => said.push((to.0, message)),
                Effect::AnswerHeartbeats { connection, responder } => responders.push((connection.0, responder)),
                Effect::Forget { connection } => drop(forgotten.insert(connection.0)),
                Effect::Close { connection, .. } => replaced.push(connection.0),
                Effect::Closed => ended = true,
                Effect::Live { .. } | Effect::Everything { .. } | Effect::Uploaded { .. } => {
                    prop_assert!(false, "nobody uploads here")
                }
                Effect::Revoke { .. } => prop_assert!(false, "nobody has a token here"),
                Effect::Read { .. } => prop_assert!(false, "an owner beside its edge has all at once"),
                Effect::ToNode { .. } | Effect::DirectoryQuery(_) => prop_assert!(false, "there is no other node"),
            }
        }
        for (connection, responder) in responders {
            self.network.present(connection, responder);
        }
        self.compare_roster()?;
        prop_assert_eq!(forgotten, std::mem::take(&mut self.model.forgotten));
        prop_assert_eq!(replaced, std::mem::take(&mut self.model.replaced));
        prop_assert!(!ended || self.model.closed);
        prop_assert_eq!(self.room.is_closed(), self.model.closed);
        self.compare_lines(said)
    }

    /// Has a connection answer a heartbeat that the model has had already, and compares what follows. False where the
    /// room has to answer.
    pub fn answer_without_room(&mut self, connection: u64, signal: &Signal) -> Result<bool, TestCaseError> {
        let Some(responder) = self.network.responder(connection, &signal.head.session.key()) else { return Ok(false) };
        let mut said = Vec::new();
        let say = |text| said.push((connection, OutboundMessage::plain(text)));
        if !responder.answer(self.context().now, signal, say) {
            return Ok(false);
        }
        self.compare_roster()?;
        self.compare_lines(said)?;
        Ok(true)
    }

    fn compare_roster(&self) -> Checked {
        let word = |role| serde_json::to_value(role).unwrap().as_str().unwrap().to_owned();
        let site = self.room.site();
        let members = site.owner().into_iter().flat_map(Owner::roster).map(|(key, _)| key);
        let real = members.map(|key| {
            let connection = site.edge().and_then(|edge| edge.connection_of(key));
            let role = site.owner().map(|owner| owner.state().role(key));
            (key.session_id.to_string(), word(role), connection.map(|connection| connection.0))
        });
        let ideal = self
            .model
            .members
            .iter()
            .map(|(key, member)| (words::session(*key), self.model.role(*key).to_owned(), member.connection));
        prop_assert_eq!(real.collect::<Vec<_>>(), ideal.collect::<Vec<_>>());
        Ok(())
    }

    /// Each connection is told the same in the same order; between connections there is none.
    fn compare_lines(&mut self, mut said: Vec<(u64, OutboundMessage)>) -> Checked {
        let mut ideal = std::mem::take(&mut self.model.lines);
        ideal.sort_by_key(|line| line.connection);
        said.sort_by_key(|(connection, _)| *connection);
        let real = said.iter().map(|(to, message)| Ok((*to, words::short(&message.text())?)));
        let real = real.collect::<Result<Vec<_>, TestCaseError>>()?;
        let told: Vec<_> = ideal.iter().map(|line| (line.connection, line.text.clone())).collect();
        prop_assert_eq!(real, told);
        for ((_, message), line) in said.into_iter().zip(ideal) {
            self.network.put(message, line);
        }
        Ok(())
    }
}
