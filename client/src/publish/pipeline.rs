//! The broadcast as it runs: the input, the member and the uploads in one loop.
//!
//! Nothing is read from the input while something is held back, so that what is in memory stays small and a source
//! that can wait does. Reports are taken while a place in the queue is awaited: neither side waits for the other.

mod reports;

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use roomcast_media::Item;
use roomcast_media::package::{Earlier, Moment, Packager, Signal};
use roomcast_protocol::client::State;
use roomcast_protocol::id::{ObjectId, RoomId, SessionId};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::STOP_TIMEOUT;
use super::opening::{ended_by, ingest_of, other_on_air};
use super::pace::Pace;
use super::progress::{Dropped, Progress, Uplink};
use super::source::Source;
use crate::clock::{now, sleep_until, unix_millis};
use crate::upload::{Ingest, Report, Uploader};
use crate::{Error, Events, Member, MemberEvent, ServerAddress};

/// The end of a broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// The input ended and everything was dealt with.
    Through,
    /// Told to stop.
    Stopped,
    /// Told to stop, and the server could not be told in time.
    CutOff,
}

/// The place in the room, and where its tokens go.
pub(super) struct RoomMembership {
    pub server: ServerAddress,
    pub room: RoomId,
    pub session: SessionId,
    pub member: Member,
    pub events: Events,
    pub ingest: watch::Sender<Ingest>,
}

/// The packager and what it goes by.
pub(super) struct Packaging {
    pub packager: Packager,
    /// The name under which the input is pushed to it.
    pub input: ObjectId,
    /// The first numbers that an earlier run has left free.
    pub earlier: HashMap<ObjectId, Earlier>,
}

/// A signal that waits for its time.
struct Held {
    due: Instant,
    signal: Signal,
}

/// Minimum time between two log lines that the server is out of reach: a connection may come and go many times a
/// second.
const SAY_AGAIN: Duration = Duration::from_secs(1);

pub(super) struct Broadcast<P> {
    /// `None` once it has ended.
    source: Option<Source>,
    packaging: Packaging,
    /// Start of its clock.
    began: Instant,
    pace: Pace,
    held: VecDeque<Held>,
    seat: RoomMembership,
    /// `None` once everything is queued.
    uploader: Option<Uploader>,
    reports: mpsc::Receiver<Report>,
    /// Ends of the media of the parts in the queue.
    queued: VecDeque<Duration>,
    progress: Progress,
    uplink: Uplink,
    dropped: Dropped,
    /// Reason why the last upload was dropped.
    lost: String,
    /// Time when it was last said that the server is out of reach.
    said_away: Option<Instant>,
    /// Another session publishes in the room.
    has_rival: bool,
    /// After a requested stop: its time, and then that of each answer to an upload.
    answered: Option<Instant>,
    show: P,
}

/// The next thing that the loop handles.
enum Turn {
    Stop,
    CutOff,
    Event(Option<MemberEvent>),
    Report(Option<Report>),
    Item(Result<Option<Item>, Error>),
    Queued,
}

impl<P: FnMut(Progress)> Broadcast<P> {
    pub fn new(
        source: Source,
        packaging: Packaging,
        pace: Pace,
        seat: RoomMembership,
        (uploader, reports): (Uploader, mpsc::Receiver<Report>),
        progress: Progress,
        show: P,
    ) -> Self {
        let (source, uploader) = (Some(source), Some(uploader));
        let (held, queued, uplink) = (VecDeque::new(), VecDeque::new(), Uplink::default());
        let (dropped, has_rival) = (Dropped::default(), false);
        let began = now();
        Self {
            source,
            packaging,
            began,
            pace,
            held,
            seat,
            uploader,
            reports,
            queued,
            progress,
            uplink,
            dropped,
            lost: String::new(),
            said_away: None,
            has_rival,
            answered: None,
            show,
        }
    }

    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// Runs until the input has ended and everything was dealt with, or until `stop` is ready.
    pub async fn flow(&mut self, stop: impl Future<Output = ()>) -> Result<Flow, Error> {
        let mut stop = pin!(stop);
        loop {
            if self.source.is_none() && self.held.is_empty() {
                self.uploader = None;
            }
            match self.turn(stop.as_mut()).await {
                Turn::Stop => return Ok(Flow::Stopped),
                Turn::CutOff => return Ok(Flow::CutOff),
                Turn::Report(None) if self.uploader.is_none() => return Ok(Flow::Through),
                Turn::Report(None) => return Err(Error::Gone),
                Turn::Report(Some(report)) => self.reported(report).await?,
                Turn::Event(event) => self.told(event)?,
                Turn::Item(item) => self.came(item?)?,
                Turn::Queued => {}
            }
        }
    }

    async fn turn(&mut self, stop: impl Future<Output = ()>) -> Turn {
        let due = self.held.front().map(|held| held.due);
        let is_due = due.is_some_and(|due| due <= now());
        let cut_off = self.answered.map(|answered| answered + STOP_TIMEOUT);
        tokio::select! {
            () = stop => Turn::Stop,
            () = sleep_until(cut_off), if cut_off.is_some() => Turn::CutOff,
            event = self.seat.events.next() => Turn::Event(event),
            report = self.reports.recv() => Turn::Report(report),
            place = place(self.uploader.as_ref()), if is_due => {
                if let Some(held) = self.held.pop_front() {
                    self.queued.extend(held.signal.end);
                    place.put(held.signal.payload);
                }
                Turn::Queued
            }
            () = sleep_until(due), if !is_due => Turn::Queued,
            item = next(self.source.as_mut()), if due.is_none() => Turn::Item(item),
        }
    }

    /// Stops reading: what was read goes out at once.
    pub fn hurry(&mut self) {
        if self.source.take().is_some() {
            self.end();
        }
        let now = now();
        self.answered = Some(now);
        self.held.iter_mut().for_each(|held| held.due = held.due.min(now));
    }

    /// Leaves the room, if there is still a member, within the given time.
    pub async fn leave(&mut self, longest: Duration) {
        if self.seat.member.leave().await.is_ok() {
            let events = &mut self.seat.events;
            let _ = timeout(longest, async { while events.next().await.is_some() {} }).await;
        }
    }

    fn came(&mut self, item: Option<Item>) -> Result<(), Error> {
        if let Some(item) = item {
            return self.take(item);
        }
        self.source = None;
        let Packaging { packager, input, .. } = &self.packaging;
        packager.check_key_frame(input)?;
        self.end();
        Ok(())
    }

    /// Takes an item of the input.
    pub fn take(&mut self, item: Item) -> Result<(), Error> {
        let moment = self.moment();
        let Packaging { packager, input, earlier } = &mut self.packaging;
        let earlier = |track: &ObjectId| earlier.get(track).copied().unwrap_or_default();
        let (signals, done) = packager.take(input, item, moment, earlier);
        for note in packager.take_notes() {
            tracing::warn!("the input: {note}");
        }
        self.hold(signals);
        Ok(done?)
    }

    fn moment(&self) -> Moment {
        Moment { now: now().saturating_duration_since(self.began), wall: unix_millis().cast_signed() }
    }

    fn end(&mut self) {
        let moment = self.moment();
        let signals = self.packaging.packager.finish(moment);
        self.hold(signals);
        let payload = self.packaging.packager.end_stream();
        self.hold(vec![Signal { payload, end: None }]);
    }

    /// Parts and segments wait for their time; declarations go out at once.
    fn hold(&mut self, signals: Vec<Signal>) {
        let now = now();
        for signal in signals {
            let due = signal.end.map_or(now, |end| self.pace.release(now, end));
            self.held.push_back(Held { due, signal });
        }
    }

    fn told(&mut self, event: Option<MemberEvent>) -> Result<(), Error> {
        match event.ok_or(Error::Gone)? {
            MemberEvent::Joined(ack) => {
                let ingest = ingest_of(&ack, &self.seat.server, &self.seat.room)?;
                tracing::info!(resumed = ack.resumed, "joined again");
                self.has_rival = other_on_air(&ack.participants.0, &self.seat.session).is_some();
                self.seat.ingest.send_replace(ingest);
            }
            MemberEvent::Participants(publishers) => {
                self.has_rival = other_on_air(&publishers, &self.seat.session).is_some();
            }
            MemberEvent::StateChanged(state) => {
                if self.progress.state == State::Joined
                    && state == State::WaitingNetwork
                    && self.said_away.is_none_or(|said| now().duration_since(said) >= SAY_AGAIN)
                {
                    self.said_away = Some(now());
                    tracing::warn!("the server is out of reach (the connection is lost); trying again");
                }
                self.progress.state = state;
                (self.show)(self.progress);
            }
            event => ended_by(event, &self.seat.room).map_or(Ok(()), Err)?,
        }
        Ok(())
    }
}

/// A place in the queue. None comes once the uploader has stopped: its last report tells why.
async fn place(uploader: Option<&Uploader>) -> crate::upload::QueueSlot<'_> {
    if let Some(uploader) = uploader
        && let Ok(place) = uploader.place().await
    {
        return place;
    }
    std::future::pending().await
}

async fn next(source: Option<&mut Source>) -> Result<Option<Item>, Error> {
    match source {
        Some(source) => source.next().await,
        None => std::future::pending().await,
    }
}
