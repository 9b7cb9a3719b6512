//! What the nodes share of a room's streams, in the backplane: of each a log of uploads, a checkpoint, and media.
//!
//! A state of a stream is named by its version and the nonce of the entry that made it, so two logs that went apart
//! are never taken for one. Every change is a compare-and-set on that name. Decides nothing.
//!
//! `rc:{pp}:h:<room>` is the set of playlists, `rc:{pp}:h:<room>:<playlist>` a stream's hash, `rc:{pp}:hl:…` its log,
//! `rc:{pp}:m:<room>:<playlist>:<track>:<digest>` media.

use std::time::Duration;

use bytes::Bytes;

use roomcast_core::hls::Digest;
use roomcast_protocol::id::{ObjectId, RoomId};

use crate::backplane::{Backplane, Failure, Partition, Reply, Script};

static WRITE: Script = Script::new(concat!(include_str!("state.lua"), include_str!("write.lua")));
static READ: Script = Script::new(concat!(include_str!("state.lua"), include_str!("read.lua")));
static TOUCH: Script = Script::new(include_str!("touch.lua"));
static FORGET: Script = Script::new(include_str!("forget.lua"));

/// Characters of a nonce; the scripts know it, too.
const NONCE: usize = 24;
/// How long a stream stays that nobody touches.
const LIFE: Duration = Duration::from_secs(3600);
/// Entries that are kept in front of a checkpoint, for those who are only a little behind.
pub(super) const KEPT: usize = 64;
/// Media whose life is prolonged by one call.
const TOUCHED: usize = 1000;

/// The name of a state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// How many entries made it; 0 is the state before the first.
    pub version: u64,
    pub nonce: String,
}

/// An entry as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line(Bytes);

impl Line {
    pub fn new(nonce: &str, entry: &str) -> Self {
        debug_assert_eq!(nonce.len(), NONCE);
        Self(format!("{nonce}{entry}").into())
    }

    /// What another node wrote; `None` when it is none.
    pub fn read(bytes: Bytes) -> Option<Self> {
        let nonce = bytes.get(..NONCE)?;
        nonce.is_ascii().then_some(Self(bytes))
    }

    pub fn nonce(&self) -> &str {
        std::str::from_utf8(&self.0[..NONCE]).unwrap_or_default()
    }

    pub fn entry(&self) -> &[u8] {
        &self.0[NONCE..]
    }

    pub const fn bytes(&self) -> &Bytes {
        &self.0
    }
}

/// What is kept of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The newest state; version 0 when nothing is kept.
    pub head: Head,
    /// The version that the lines follow.
    pub from: u64,
    /// The state they follow, if it is not the one that was known.
    pub checkpoint: Option<Bytes>,
    pub lines: Vec<Line>,
}

/// What is to be written.
#[derive(Debug)]
pub(super) struct Write {
    /// The state it is written on.
    pub on: Head,
    /// The state it makes.
    pub head: Head,
    /// Of that state; there must be one if there are no lines.
    pub checkpoint: Option<String>,
    pub lines: Vec<Line>,
    pub max_playlists: usize,
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    Done,
    /// Nothing: the state is another.
    Other(Found),
    /// Nothing: the room has as many playlists as it may.
    Full,
}

/// The streams of one room in the backplane.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    pub backplane: Backplane,
    pub partition: Partition,
    room: RoomId,
}

impl Ledger {
    pub fn new(backplane: Backplane, room: RoomId) -> Self {
        Self { backplane, partition: Partition::of(&room), room }
    }

    fn key(&self, kind: &str) -> String {
        self.partition.key(&format!("{kind}:{}", self.room))
    }

    fn keys(&self, playlist: &str) -> Vec<String> {
        let (hash, list) = (self.key("h"), self.key("hl"));
        vec![hash.clone(), format!("{hash}:{playlist}"), format!("{list}:{playlist}")]
    }

    /// Where media is kept.
    pub fn media_key(&self, playlist: &ObjectId, track: &ObjectId, digest: &Digest) -> String {
        format!("{}:{playlist}:{track}:{digest}", self.key("m"))
    }

    /// Reads one stream, or all, of each what follows a state that is known.
    pub async fn read(
        &self,
        only: Option<&ObjectId>,
        known: impl IntoIterator<Item = (ObjectId, Head)>,
    ) -> Result<Vec<(ObjectId, Found)>, Failure> {
        let mut args = vec![text(only.map_or("", ObjectId::as_str))];
        for (playlist, head) in known {
            args.extend([text(playlist.as_str()), text(&head.version.to_string()), text(&head.nonce)]);
        }
        let reply = self.backplane.run(self.partition, &READ, self.keys(""), args).await?;
        array(reply)?.into_iter().map(found).collect()
    }

    /// Writes, if the state is still the one it is written on, and tells the other nodes.
    pub async fn write(&self, playlist: &ObjectId, write: Write) -> Result<Written, Failure> {
        let boot = self.backplane.boot();
        let mut keys = self.keys(playlist.as_str());
        keys.extend([self.key("rn"), self.partition.key(&format!("x:{}", boot.as_str()))]);
        let message = super::told::message(&self.room, playlist, &write);
        let Write { on, head, checkpoint, lines, max_playlists } = write;
        let mut args = vec![
            text(self.backplane.publish_command()),
            text(&self.backplane.channel(self.partition, "")),
            text(boot.as_str()),
            text(playlist.as_str()),
            text(&on.version.to_string()),
            text(&on.nonce),
            text(&head.version.to_string()),
            text(&head.nonce),
            checkpoint.map_or_else(Bytes::new, Bytes::from),
            text(&LIFE.as_millis().to_string()),
            text(&max_playlists.to_string()),
            text(&KEPT.to_string()),
            message,
        ];
        args.extend(lines.into_iter().map(|line| line.0));
        let reply = self.backplane.run(self.partition, &WRITE, keys, args).await?;
        let mut reply = array(reply)?.into_iter();
        match reply.next() {
            Some(Reply::Bytes(word)) if word == "done" => Ok(Written::Done),
            Some(Reply::Bytes(word)) if word == "full" => Ok(Written::Full),
            Some(Reply::Bytes(word)) if word == "other" => {
                Ok(Written::Other(found(reply.next().unwrap_or(Reply::Nil))?.1))
            }
            Some(Reply::Bytes(word)) if word == "fenced" => {
                self.backplane.fenced(&boot);
                Err(Failure::Unavailable)
            }
            other => Err(unexpected(&other)),
        }
    }

    /// Keeps a stream and its media from expiring, and says which of the media is missing; nothing when that was done
    /// less than `again` ago.
    pub async fn touch(
        &self,
        playlist: &ObjectId,
        media: &[String],
        lasts: Duration,
        again: Duration,
    ) -> Result<Vec<usize>, Failure> {
        let (mut missing, mut again) = (Vec::new(), again.as_secs());
        // At least once: a stream without media lives, too.
        for at in (0..media.len().max(1)).step_by(TOUCHED) {
            let mut keys = self.keys(playlist.as_str());
            keys.extend(media.iter().skip(at).take(TOUCHED).cloned());
            let times = [LIFE.as_millis().to_string(), lasts.as_millis().to_string(), again.to_string()];
            let args = times.iter().map(|time| text(time)).collect();
            let reply = match self.backplane.run(self.partition, &TOUCH, keys, args).await? {
                Reply::Nil => return Ok(Vec::new()),
                reply => array(reply)?,
            };
            let numbers = reply.iter().filter_map(|number| usize::try_from(number_of(number)?).ok());
            missing.extend(numbers.map(|number| at + number).filter(|number| *number < media.len()));
            again = 0;
        }
        Ok(missing)
    }

    /// Forgets which streams the room has.
    pub async fn forget(&self) -> Result<(), Failure> {
        self.backplane.run(self.partition, &FORGET, vec![self.key("h")], Vec::new()).await.map(drop)
    }
}

fn text(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn unexpected(reply: &impl std::fmt::Debug) -> Failure {
    let mut text = format!("an answer of another kind: {reply:?}");
    text.truncate(200);
    Failure::Refused(text)
}

fn array(reply: Reply) -> Result<Vec<Reply>, Failure> {
    match reply {
        Reply::Array(replies) => Ok(replies),
        other => Err(unexpected(&other)),
    }
}

fn number_of(reply: &Reply) -> Option<u64> {
    match reply {
        Reply::Int(number) => u64::try_from(*number).ok(),
        Reply::Bytes(text) => std::str::from_utf8(text).ok()?.parse().ok(),
        _ => None,
    }
}

fn text_of(reply: &Reply) -> Option<&str> {
    match reply {
        Reply::Bytes(text) => std::str::from_utf8(text).ok(),
        _ => None,
    }
}

fn found(reply: Reply) -> Result<(ObjectId, Found), Failure> {
    let fields = array(reply)?;
    let read = |fields: &[Reply]| -> Option<(ObjectId, Found)> {
        let [playlist, version, nonce, from, checkpoint, Reply::Array(lines)] = fields else { return None };
        let head = Head { version: number_of(version)?, nonce: text_of(nonce)?.to_owned() };
        let line = |line: &Reply| match line {
            Reply::Bytes(bytes) => Line::read(bytes.clone()),
            _ => None,
        };
        let lines = lines.iter().map(line).collect::<Option<Vec<_>>>()?;
        let checkpoint = match checkpoint {
            Reply::Bytes(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            _ => return None,
        };
        let playlist = ObjectId::parse(text_of(playlist)?).ok()?;
        Some((playlist, Found { head, from: number_of(from)?, checkpoint, lines }))
    };
    read(&fields).ok_or_else(|| unexpected(&fields))
}
