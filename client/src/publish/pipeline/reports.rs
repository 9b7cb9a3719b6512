//! Handling of upload reports: they go to the progress, and to the watchdog of the member.
//!
//! A refused token is replaced by another one; a refused signal ends the broadcast.

use std::time::Duration;

use roomcast_protocol::client::{Observation, State};

use super::super::progress::{Progress, counted, is_slow};
use super::Broadcast;
use crate::Error;
use crate::clock::now;
use crate::upload::Report;

/// The reports that the progress is made of.
const PART: &str = "UPDATE_PART";
const SEGMENT: &str = "UPDATE_SEGMENT";

impl<P: FnMut(Progress)> Broadcast<P> {
    pub(super) async fn reported(&mut self, report: Report) -> Result<(), Error> {
        match report {
            Report::Uploaded { name, bytes, delay, round_trip } => {
                self.answered = self.answered.map(|_| now());
                self.progress.bytes += bytes as u64;
                if name == SEGMENT {
                    self.progress.segments += 1;
                    self.media_done();
                }
                let is_slow = is_slow(delay, round_trip);
                self.seat.member.observe(if is_slow { Observation::SlowUpload } else { Observation::FastUpload });
                if name == PART {
                    self.progress.delay = delay;
                    self.part_uploaded(is_slow, round_trip);
                }
            }
            Report::Dropped { name, reason } => {
                tracing::debug!(name, reason, "too late to be uploaded");
                self.lost = reason;
                self.progress.parts_dropped += u64::from(name == PART);
                self.dropped.add();
                if name == PART || name == SEGMENT {
                    self.media_done();
                }
            }
            Report::TokenRefused { token } => self.renew(&token).await?,
            Report::Refused { name, code, message } if self.has_rival => {
                tracing::debug!(name, code, message, "refused");
                return Err(Error::TakenOver(self.seat.room.clone()));
            }
            Report::Refused { name, code, message } => return Err(Error::Upload { signal: name, code, message }),
        }
        if let Some(count) = self.dropped.due(now()) {
            tracing::warn!("{}", explain(self.progress.state, count, &self.lost));
        }
        Ok(())
    }

    /// Every `JOIN` makes the token before it useless: one that is newer than the refused must not be asked away.
    async fn renew(&self, refused: &str) -> Result<(), Error> {
        let is_newest = self.seat.ingest.borrow().token == refused;
        if is_newest {
            self.seat.member.rejoin().await?;
        }
        Ok(())
    }

    fn part_uploaded(&mut self, is_slow: bool, round_trip: Duration) {
        let is_slow = self.uplink.note_upload(now(), is_slow);
        if is_slow && !self.progress.is_slow {
            tracing::warn!("uploads take more than 700 ms: the uplink is too slow for this bit rate");
        }
        self.progress.parts += 1;
        self.progress.is_slow = is_slow;
        self.progress.round_trip = Some(round_trip);
        self.media_done();
    }

    fn media_done(&mut self) {
        self.progress.media_time = self.queued.pop_front().unwrap_or(self.progress.media_time);
        (self.show)(self.progress);
    }
}

/// Says why uploads were dropped: out of the room it is not for the uplink.
fn explain(state: State, count: u64, reason: &str) -> String {
    let dropped = format!("{} dropped", counted(count, "upload"));
    match state {
        State::Joined => format!("{dropped}: the uplink is too slow for this bit rate"),
        _ => format!("the server is out of reach ({dropped}: {reason}); trying again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_out_of_reach_is_not_a_slow_uplink() {
        assert_eq!(explain(State::Joined, 1, "x"), "1 upload dropped: the uplink is too slow for this bit rate");
        let said = explain(State::WaitingNetwork, 2, "no connection");
        assert_eq!(said, "the server is out of reach (2 uploads dropped: no connection); trying again");
    }
}
