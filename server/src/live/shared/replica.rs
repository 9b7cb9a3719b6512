//! A stream as this node knows it: the replica, the name of its state, and the entries that made it last.
//!
//! Pure: it decides what an upload would make of it, follows what others wrote, and says what is to be done when the
//! backplane has another state than this.

use std::collections::VecDeque;

use roomcast_core::hls::{self, Change, Entry, Stream};
use roomcast_protocol::data::Payload;

use super::ledger::{Found, Head, KEPT, Line};

/// Entries that are kept to put back what the backplane loses.
const RECENT: usize = 2 * KEPT;
/// A checkpoint is written with every so manieth entry.
const EVERY: u64 = KEPT as u64;

/// A stream and the name of its state.
#[derive(Debug, Clone)]
pub(super) struct Replica {
    pub stream: Stream,
    pub head: Head,
    /// Of the newest checkpoint that is known of.
    base: u64,
    /// The newest entries, and which version each one makes.
    recent: VecDeque<(u64, Line)>,
    /// Every entry was understood. If not, another version of the server wrote it: then nobody gets a checkpoint from
    /// here.
    sound: bool,
}

/// What an upload makes of a stream.
#[derive(Debug)]
pub(super) enum Decided {
    /// It was taken before.
    Known,
    Refused(hls::Refusal),
    New(Box<(Stream, Vec<Change>)>),
}

/// What is to be done about a difference.
#[derive(Debug)]
pub(super) enum Todo {
    Nothing,
    /// The backplane has nothing: all of it is to be put back.
    Restore,
    /// The backplane lacks these entries, which follow a state.
    Push(Head, Vec<Line>),
    /// This is the stream: it went on, or apart. Of the entries known before it lacks some.
    Adopt(Box<Replica>, Vec<Line>),
}

/// What an upload makes of a stream, as it is known.
pub(super) fn decide(stream: &Stream, entry: &Entry) -> Decided {
    let mut next = stream.clone();
    match next.replay(entry.clone()) {
        Err(refusal) => Decided::Refused(refusal),
        Ok(_) if next.revision() == stream.revision() => Decided::Known,
        Ok(changes) => Decided::New(Box::new((next, changes))),
    }
}

impl Found {
    /// Whether an entry must be taken anew. Of one before the checkpoint nobody knows; media is harmless, for it is
    /// listed once and never too late, but the end or the declaration of a track would undo what came since.
    fn lacks(&self, version: u64, line: &Line) -> bool {
        let there = self.lines.iter().any(|other| other.nonce() == line.nonce());
        let media = || Entry::decode(line.entry()).is_ok_and(|entry| is_media(&entry.payload));
        !there && (version > self.from || media())
    }
}

const fn is_media(payload: &Payload) -> bool {
    matches!(payload, Payload::Segment(_) | Payload::Part(_))
}

impl Replica {
    /// A stream of nothing yet.
    pub fn new(stream: Stream) -> Self {
        Self { stream, head: Head::default(), base: 0, recent: VecDeque::new(), sound: true }
    }

    /// A checkpoint for the state behind one more entry, if it is due.
    pub fn checkpoint(&self, next: &Stream) -> Option<String> {
        let due = self.head.version == 0 || self.head.version + 1 >= self.base + EVERY;
        (due && self.sound).then(|| next.checkpoint())
    }

    /// Goes on to a state that was decided and written.
    pub fn commit(&mut self, next: Stream, line: Line, with_checkpoint: bool) {
        self.stream = next;
        self.push(line);
        if with_checkpoint {
            self.base = self.head.version;
        }
    }

    /// Notes that the present state was written as a checkpoint.
    pub const fn written(&mut self) {
        self.base = self.head.version;
    }

    /// Follows an entry that another node wrote, and says what it changes.
    pub fn follow(&mut self, line: Line) -> Result<Vec<Change>, String> {
        let entry = Entry::decode(line.entry()).map_err(|error| error.to_string());
        let followed = entry.and_then(|entry| self.stream.replay(entry).map_err(|refusal| refusal.reason));
        self.push(line);
        // Others write checkpoints, too: when the next is due is only guessed.
        if self.head.version >= self.base + EVERY {
            self.base = self.head.version;
        }
        self.sound &= followed.is_ok();
        followed
    }

    fn push(&mut self, line: Line) {
        self.head = Head { version: self.head.version + 1, nonce: line.nonce().to_owned() };
        self.recent.push_back((self.head.version, line));
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
    }

    /// The state from which on it wants to hear more; all from the checkpoint on if it is not sound.
    pub fn known(&self) -> Head {
        if self.sound { self.head.clone() } else { Head::default() }
    }

    /// Whether it is time to read it all anew, as not every entry was understood: a checkpoint may be.
    pub const fn wants_checkpoint(&self) -> bool {
        !self.sound && self.head.version.is_multiple_of(EVERY / 4)
    }

    /// Whether a state is one this came from.
    pub fn knows(&self, version: u64, nonce: &str) -> bool {
        let is_head = (self.head.version, &self.head.nonce[..]) == (version, nonce);
        is_head || self.recent.iter().any(|(known, line)| (*known, line.nonce()) == (version, nonce))
    }

    fn after(&self, head: &Head) -> Vec<Line> {
        self.recent.iter().filter(|(version, _)| *version > head.version).map(|(_, line)| line.clone()).collect()
    }

    /// What is to be done about what the backplane has. `Found` that follows this very state is not looked at here.
    pub fn compare(own: Option<&Self>, found: &Found) -> Result<Todo, String> {
        if found.head.version == 0 {
            return Ok(own.map_or(Todo::Nothing, |_| Todo::Restore));
        }
        if let Some(own) = own.filter(|own| own.sound && own.knows(found.head.version, &found.head.nonce)) {
            let lacks = own.head != found.head;
            return Ok(if lacks { Todo::Push(found.head.clone(), own.after(&found.head)) } else { Todo::Nothing });
        }
        let checkpoint = found.checkpoint.as_ref().ok_or("the backplane gave no checkpoint")?;
        let mut stream = Self::new(Stream::restore(checkpoint).map_err(|error| error.to_string())?);
        stream.base = found.from;
        stream.head.version = found.from;
        for line in &found.lines {
            if let Err(reason) = stream.follow(line.clone()) {
                tracing::error!(reason, "an entry of a stream's log makes no sense to this node");
            }
        }
        if stream.head.version != found.head.version {
            return Err("the log is not as long as it says".to_owned());
        }
        stream.head = found.head.clone();
        let own = own.filter(|own| own.sound);
        let recent = own.into_iter().flat_map(|own| own.recent.iter());
        let lacks = recent.filter(|(version, line)| found.lacks(*version, line)).map(|(_, line)| line.clone());
        Ok(Todo::Adopt(Box::new(stream), lacks.collect()))
    }
}
