//! Messages that a client received, and the check that they are complete, in order and without repetition.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::model::{Kind, Line, Member};

/// One session's own view.
#[derive(Debug, Default)]
pub struct Client {
    /// The highest number it has, over all its memberships.
    pub received: u64,
    pub token: Option<String>,
}

impl Client {
    /// Takes a message. `member` is the model's, with everything that was ever sent to it.
    pub fn take(&mut self, line: &Line, member: &Member) -> Result<(), TestCaseError> {
        match &line.kind {
            Kind::Joined { from, token } => {
                self.token = Some(token.clone());
                // A client that named no number bears the loss of the messages written to the connection before.
                self.received = from.unwrap_or(self.received);
            }
            Kind::Gap { from, to } => {
                prop_assert!(*from == self.received + 1 && to >= from, "a gap of {from}-{to} after {}", self.received);
                self.received = *to;
            }
            Kind::NumberedSignal(number) => {
                prop_assert!(*number > self.received, "{} came after {}", line.text, self.received);
                let skipped = self.received + 1..*number;
                for missed in skipped {
                    prop_assert!(superseded(member, missed), "{missed} is lost unannounced before {}", line.text);
                }
                // A list that is sent again is as it was by then.
                let sent = &member.history[number];
                let text = if sent.list { "LIST " } else { &sent.text };
                prop_assert!(line.text.starts_with(&format!("#{number} {text}")), "{} is not {text}", line.text);
                self.received = *number;
            }
            Kind::Other => {}
        }
        Ok(())
    }

    /// Everything has arrived.
    pub fn has_all(&self, member: &Member) -> Result<(), TestCaseError> {
        for missed in self.received + 1..=member.last {
            prop_assert!(superseded(member, missed), "{missed} never came");
        }
        Ok(())
    }
}

/// Whether a message is a list behind which there is a newer one. Who confirmed the newest and then claims less
/// has it in the join ack; numbers before the first one of a membership were never given.
fn superseded(member: &Member, number: u64) -> bool {
    let Some(missed) = member.history.get(&number) else { return true };
    let newer = member.history.range(number + 1..).any(|(_, later)| later.list);
    missed.again || missed.list && (newer || number <= member.confirmed)
}
