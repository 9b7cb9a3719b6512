//! The task of one track: one data signal in flight, in the order in which they were queued.
//!
//! Carries out what `attempt` decides. Never looks at media, never decides about time.

use std::time::{Duration, Instant};

use reqwest::header::RETRY_AFTER;
use roomcast_protocol::data::{DataSignal, Payload};
use roomcast_protocol::id::ObjectId;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::attempt::{Attempt, Outcome, Step};
use super::form::Form;
use super::{Ingest, Limits, Report};
use crate::clock::{now, sleep_until, unix_millis};
use crate::{random, tls};

/// Returns in a few words why no answer came.
fn reason_of(error: reqwest::Error) -> String {
    match &error {
        error if error.is_connect() => tls::explain(error).unwrap_or_else(|| "no connection".to_owned()),
        error if error.is_timeout() => "no answer in time".to_owned(),
        _ => error.without_url().to_string(),
    }
}

/// A data signal that waits for its turn.
pub(super) struct Job {
    pub payload: Payload,
    pub queued: Instant,
}

pub(super) struct UploadTask {
    pub http: reqwest::Client,
    pub ingest: watch::Receiver<Ingest>,
    pub limits: Limits,
    pub reports: mpsc::Sender<Report>,
    /// The last declaration of each track that was accepted, the variants' and the renditions': a server that lost a
    /// track needs them first, in the order in which they were made.
    pub declared: Vec<Payload>,
    pub form: Form,
}

/// The application is gone, or the line must not go on.
struct Over;

impl UploadTask {
    pub async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        while let Some(job) = queue.recv().await {
            if self.deliver(job).await.is_err() {
                break;
            }
        }
    }

    async fn deliver(&mut self, Job { payload, queued }: Job) -> Result<(), Over> {
        let mut attempt = Attempt::new(&payload, queued, now(), self.limits.deadline);
        let mut signal = DataSignal { id: Uuid::new_v4(), timestamp: 0, payload };
        let name = signal.payload.name();
        loop {
            if attempt.is_late(now()) {
                return self.report(Report::Dropped { name, reason: "it waited for too long".into() }).await;
            }
            let sent = now();
            let outcome = self.post(&mut signal, attempt.deadline()).await;
            match attempt.judge(now(), random::unit(), outcome) {
                Step::Done { delay } => {
                    let round_trip = now() - sent;
                    let bytes = signal.payload.media_bytes();
                    self.remember(signal.payload);
                    return self.report(Report::Uploaded { name, bytes, delay, round_trip }).await;
                }
                Step::Again { at } => sleep_until(Some(at)).await,
                Step::Renew => self.renew(attempt.deadline()).await?,
                Step::Restore => self.restore().await,
                Step::GiveUp { reason } => return self.report(Report::Dropped { name, reason }).await,
                Step::Refused { code, message } => {
                    self.report(Report::Refused { name, code, message }).await?;
                    return Err(Over);
                }
            }
        }
    }

    /// One attempt; two if the server turns out not to know multipart.
    async fn post(&mut self, signal: &mut DataSignal, deadline: Option<Instant>) -> Outcome {
        let outcome = self.post_once(signal, deadline).await;
        if self.form.learn(&outcome) {
            tracing::info!("the server takes no multipart: uploads go on as JSON");
            return self.post_once(signal, deadline).await;
        }
        outcome
    }

    async fn post_once(&self, signal: &mut DataSignal, deadline: Option<Instant>) -> Outcome {
        let Ingest { url, token } = self.ingest.borrow().clone();
        // Half of the time for one attempt leaves the other half for another, over a fresh connection.
        let longest = self.limits.deadline / 2;
        let left = deadline.map_or(longest, |deadline| deadline.saturating_duration_since(now()));
        signal.timestamp = unix_millis();
        let request = self.form.fill(self.http.post(url).bearer_auth(token), signal);
        match answer(request.timeout(longest.min(left).max(Duration::from_millis(1)))).await {
            Ok(Answer { status, retry_after, body }) => {
                Outcome::Answered { status, ack: serde_json::from_slice(&body).ok(), retry_after }
            }
            Err(error) => Outcome::Lost { reason: reason_of(error) },
        }
    }

    /// Waits for a token other than the refused one, or for the deadline.
    async fn renew(&mut self, deadline: Option<Instant>) -> Result<(), Over> {
        let refused = self.ingest.borrow_and_update().token.clone();
        self.report(Report::TokenRefused { token: refused.clone() }).await?;
        tokio::select! {
            fresh = self.ingest.wait_for(|ingest| ingest.token != refused) => fresh.map(|_| ()).map_err(|_| Over),
            () = sleep_until(deadline) => Ok(()),
        }
    }

    /// Whether it worked shows when the signal itself is tried again.
    async fn restore(&mut self) {
        for payload in self.declared.clone() {
            let mut signal = DataSignal { id: Uuid::new_v4(), timestamp: 0, payload };
            let outcome = self.post(&mut signal, None).await;
            tracing::info!(?outcome, "the server had lost the track");
        }
    }

    fn remember(&mut self, payload: Payload) {
        let Some(track) = declared(&payload) else { return };
        match self.declared.iter().position(|earlier| declared(earlier) == Some(track)) {
            Some(index) => self.declared[index] = payload,
            None => self.declared.push(payload),
        }
    }

    async fn report(&self, report: Report) -> Result<(), Over> {
        self.reports.send(report).await.map_err(|_| Over)
    }
}

/// Returns the track that a signal declares.
fn declared(payload: &Payload) -> Option<&ObjectId> {
    match payload {
        Payload::Variant(update) => Some(&update.variant.id),
        Payload::Rendition(update) => Some(&update.rendition.id),
        _ => None,
    }
}

struct Answer {
    status: u16,
    /// The seconds of `Retry-After`. A date stands for none, and so does no time at all.
    retry_after: Option<Duration>,
    body: bytes::Bytes,
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let retry_after = seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs);
    Ok(Answer { status, retry_after, body: response.bytes().await? })
}
