//! Entries that every node has, such as revocations: texts in Redis, each at a place, of which a node asks for those
//! behind the last that it has. Where Redis has lost any, the nodes say them again.

use std::sync::Arc;
use std::time::Duration;

use super::directory::scripts;
use super::directory::text::{Arguments, ReplyReader};
use super::redis::Masters;
use super::{Failure, Reply};

/// The keys: what is known of all entries, the place of each, and the entry at each place.
const KEYS: [&str; 3] = ["rc:{L}:revoked", "rc:{L}:revoked:places", "rc:{L}:revoked:entries"];
/// The maximum number of entries in one answer.
const BATCH: usize = 500;

/// The position up to which a node has received the entries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    era: String,
    place: u64,
}

/// The entries that a node contributes to an exchange.
#[derive(Debug, Clone, Default)]
pub struct Brought {
    /// The entries to be removed because they have ended.
    pub ended: Vec<String>,
    /// The entries that Redis may lack.
    pub fresh: Vec<String>,
    /// The remaining lifetime of the entry that is kept longest.
    pub life: Duration,
    /// The maximum number of entries.
    pub most: usize,
}

/// The outcome of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exchanged {
    /// There is no space for the contributed entries.
    Full,
    /// The new entries, and the position of the node after them.
    Entries {
        /// The entries.
        entries: Vec<String>,
        /// The position of the node after these entries.
        progress: Progress,
        /// Whether the entries in Redis are not those known before, because another era has begun.
        anew: bool,
        /// Whether no further entries are left.
        complete: bool,
    },
}

impl Masters {
    /// Contributes entries and returns the new ones.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn exchange(self: &Arc<Self>, progress: &Progress, brought: Brought) -> Result<Exchanged, Failure> {
        let mut args = Arguments::default();
        args.text(progress.era.clone()).text(progress.place.to_string()).text(crate::token::random());
        args.text(brought.most.to_string()).text(BATCH.to_string()).millis(brought.life);
        args.text(brought.ended.len().to_string());
        brought.ended.into_iter().chain(brought.fresh).for_each(|entry| _ = args.text(entry));
        let keys = KEYS.map(str::to_owned).to_vec();
        let answer = self.call_lease(&scripts::ENTRIES, keys, args.0).await?;
        read(progress, answer).ok_or_else(|| Failure::Refused("an answer that no script gives".to_owned()))
    }
}

fn read(progress: &Progress, answer: Reply) -> Option<Exchanged> {
    let mut words = ReplyReader::of(answer)?.texts()?.into_iter();
    let era = words.next()?;
    if era == "full" {
        return Some(Exchanged::Full);
    }
    let (place, last): (u64, u64) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let anew = era != progress.era;
    Some(Exchanged::Entries {
        entries: words.collect(),
        progress: Progress { era, place },
        anew,
        complete: place == last,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Reply {
        Reply::Bytes(text.to_owned().into())
    }

    #[test]
    fn an_answer_tells_how_far_the_entries_go() {
        let before = Progress { era: "m:a".into(), place: 3 };
        let answer = |era: &str| Reply::Array(vec![text(era), text("5"), text("5"), text("x"), text("y")]);
        let entries = vec!["x".to_owned(), "y".to_owned()];
        let expected = |era: &str, anew| Exchanged::Entries {
            entries: entries.clone(),
            progress: Progress { era: era.into(), place: 5 },
            anew,
            complete: true,
        };
        assert_eq!(read(&before, answer("m:a")), Some(expected("m:a", false)));
        assert_eq!(read(&before, answer("n:a")), Some(expected("n:a", true)));
        assert_eq!(read(&before, Reply::Array(vec![text("full")])), Some(Exchanged::Full));
        assert_eq!(read(&before, Reply::Nil), None);
    }
}
