//! Posts data signals: what a live broadcast is made of, over HTTP.
//!
//! An [`Uploader`] serves one track. Its signals go out one at a time and in order, from a bounded queue; failures
//! that pass are tried again until it is too late. The outcome of each is reported. Never cuts or reads media.

mod attempt;
mod form;
mod task;

use std::time::Duration;

use reqwest::Url;
use roomcast_protocol::data::Payload;
use tokio::sync::{mpsc, watch};

use crate::{Error, Trust, clock};
use form::Form;
use task::{Job, UploadTask};

/// Reports that wait for the application.
const REPORTS: usize = 16;

/// Target of data signals. Every ack of `JOIN` brings another token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ingest {
    /// The address for `POST`.
    pub url: Url,
    /// The bearer token.
    pub token: String,
}

/// Limits of the queue, and of the time for a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Signals that wait for their turn.
    pub queue: usize,
    /// Time for which one signal is tried; for a part it starts when the part is queued.
    pub deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { queue: 64, deadline: Duration::from_secs(10) }
    }
}

/// Outcome of a signal. Every signal gets one of `Uploaded`, `Dropped` or `Refused`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// The server has it.
    Uploaded {
        /// Name of the signal.
        name: &'static str,
        /// Media bytes.
        bytes: usize,
        /// Receive time less send time in milliseconds, by the two clocks.
        delay: Option<i64>,
        /// From sending to the answer, by the own clock.
        round_trip: Duration,
    },
    /// It is too late for it.
    Dropped {
        /// Name of the signal.
        name: &'static str,
        /// The last failure.
        reason: String,
    },
    /// The token was refused, and the uploader waits for another one.
    TokenRefused {
        /// The token in question; by now there may be a newer one.
        token: String,
    },
    /// The server will not have it. Nothing more is uploaded.
    Refused {
        /// Name of the signal.
        name: &'static str,
        /// The code of the answer, or its HTTP status if it has no code.
        code: u16,
        /// The server's sentence.
        message: String,
    },
}

/// The queue of one track. When it is dropped, what is queued is still uploaded; then the reports end.
#[derive(Debug)]
pub struct Uploader {
    queue: mpsc::Sender<Job>,
}

/// A free place in the queue.
#[derive(Debug)]
pub struct QueueSlot<'a>(mpsc::Permit<'a, Job>);

impl Uploader {
    /// Starts the task of one track.
    ///
    /// # Errors
    /// [`Error::Http`] when there is no HTTP client to be had.
    ///
    /// # Panics
    /// Outside a Tokio runtime, and when the queue is to hold nothing.
    pub fn start(
        ingest: watch::Receiver<Ingest>,
        limits: Limits,
        trust: &Trust,
    ) -> Result<(Self, mpsc::Receiver<Report>), Error> {
        let http = trust.http()?;
        let (queue, jobs) = mpsc::channel(limits.queue);
        let (reports, to_application) = mpsc::channel(REPORTS);
        tokio::spawn(UploadTask { http, ingest, limits, reports, declared: Vec::new(), form: Form::Untried }.run(jobs));
        Ok((Self { queue }, to_application))
    }

    /// Waits for space in the queue. Reports must be received meanwhile, since the task waits for that.
    ///
    /// # Errors
    /// [`Error::Gone`] after a refused signal.
    pub async fn place(&self) -> Result<QueueSlot<'_>, Error> {
        self.queue.reserve().await.map(QueueSlot).map_err(|_| Error::Gone)
    }
}

impl QueueSlot<'_> {
    /// Queues a signal.
    pub fn put(self, payload: Payload) {
        let queued = clock::now();
        self.0.send(Job { payload, queued });
    }
}
