//! Calls over one connection, which may be lost and replaced.
//!
//! Without a connection, a call fails at once. Calls are passed to the connection in the order in which they are made,
//! before the caller waits. The number of calls in flight and of their bytes is bounded.

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, RedisResult, Value};
use tokio::sync::Notify;

use super::failure::{Consequence, sort};
use crate::backplane::{Failure, Script};

/// The number of successive timeouts after which the connection is abandoned.
const TIMEOUTS: u32 = 3;

/// Calls over one connection.
#[derive(Debug)]
pub struct CallLink {
    open: Mutex<Option<Open>>,
    calls: AtomicUsize,
    bytes: AtomicUsize,
    max_calls: usize,
    max_bytes: usize,
    astray: Arc<Notify>,
}

#[derive(Debug)]
struct Open {
    connection: MultiplexedConnection,
    /// The scripts that were loaded over this connection.
    loaded: HashSet<&'static str>,
    health: Arc<Health>,
}

/// The state of a connection, as observed by the calls over it.
#[derive(Debug, Default)]
pub struct Health {
    timeouts: AtomicU32,
    given_up: Notify,
    astray: Arc<Notify>,
}

impl Health {
    /// Waits until the calls report that the connection is unusable.
    pub async fn given_up(&self) {
        self.given_up.notified().await;
    }

    fn note(&self, consequence: Consequence) {
        let timeouts = match consequence {
            Consequence::TimedOut => self.timeouts.fetch_add(1, Ordering::Relaxed) + 1,
            _ => 0,
        };
        if timeouts == 0 {
            self.timeouts.store(0, Ordering::Relaxed);
        }
        if timeouts >= TIMEOUTS || consequence == Consequence::FindServer {
            self.given_up.notify_one();
        }
        if consequence == Consequence::Astray {
            self.astray.notify_one();
        }
    }
}

impl CallLink {
    /// Creates a link without a connection. `astray` is notified of calls that should have been sent to another server.
    pub fn new(max_calls: usize, max_bytes: usize, astray: &Arc<Notify>) -> Self {
        let astray = Arc::clone(astray);
        let (calls, bytes) = Default::default();
        Self { open: Mutex::default(), calls, bytes, max_calls, max_bytes, astray }
    }

    /// Sets the connection for further calls, on which these scripts are loaded.
    pub fn open(&self, connection: MultiplexedConnection, loaded: &[&'static Script]) -> Arc<Health> {
        let health = Arc::new(Health { astray: Arc::clone(&self.astray), ..Health::default() });
        let loaded = loaded.iter().map(|script| script.name()).collect();
        *self.lock() = Some(Open { connection, loaded, health: Arc::clone(&health) });
        health
    }

    /// Removes the connection. Further calls fail.
    pub fn close(&self) {
        *self.lock() = None;
    }

    pub fn is_open(&self) -> bool {
        self.lock().is_some()
    }

    /// Calls a script, and loads it first if that has not happened on this connection.
    pub fn script(link: &Arc<Self>, script: &'static Script, keys: &[String], args: &[Bytes]) -> Call {
        let mut command = redis::cmd("EVALSHA");
        command.arg(script.name()).arg(keys.len()).arg(keys);
        for argument in args {
            command.arg(argument.as_ref());
        }
        let size = keys.iter().map(String::len).chain(args.iter().map(Bytes::len)).sum();
        Call::new(link, CallRequest { commands: vec![command], script: Some(script), size })
    }

    /// Sends a command.
    pub fn command(link: &Arc<Self>, command: Cmd, size: usize) -> Call {
        Self::commands(link, vec![command], size)
    }

    /// Sends several commands at once. The answer is that of the last command, unless one was refused.
    pub fn commands(link: &Arc<Self>, commands: Vec<Cmd>, size: usize) -> Call {
        Call::new(link, CallRequest { commands, script: None, size })
    }

    /// Adds a request to the connection's queue. `reload` loads its script even if it was loaded before.
    fn submit(&self, request: &CallRequest, reload: bool) -> Result<Submitted, Failure> {
        let mut open = self.lock();
        let open = open.as_mut().ok_or(Failure::Unavailable)?;
        let mut pipeline = Pipeline::with_capacity(request.commands.len() + 1);
        let first_use = request.script.is_some_and(|script| open.loaded.insert(script.name()));
        if let Some(script) = request.script.filter(|_| first_use || reload) {
            pipeline.cmd("SCRIPT").arg("LOAD").arg(script.source());
        }
        for command in &request.commands {
            pipeline.add_command(command.clone());
        }
        let mut connection = open.connection.clone();
        let sending = async move {
            let count = pipeline.len();
            connection.send_packed_commands(&pipeline, 0, count).await
        };
        // Polled once while the lock is held, the request stands in the connection's queue, which is as long as there
        // may be calls. A budget that is used up must not put it off.
        let mut sending: Sending = Box::pin(tokio::task::unconstrained(sending));
        let answer = match sending.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => CallReply::Here(answer),
            Poll::Pending => CallReply::Coming(sending),
        };
        Ok(Submitted { answer, health: Arc::clone(&open.health), first_use })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct CallRequest {
    commands: Vec<Cmd>,
    script: Option<&'static Script>,
    size: usize,
}

type Sending = Pin<Box<dyn Future<Output = RedisResult<Vec<Value>>> + Send>>;

enum CallReply {
    Here(RedisResult<Vec<Value>>),
    Coming(Sending),
}

struct Submitted {
    answer: CallReply,
    health: Arc<Health>,
    first_use: bool,
}

/// An answer, or the failure and its consequence.
pub type Answered = Result<Value, (Failure, Consequence)>;

/// A call in flight.
pub struct Call {
    first_use: bool,
    outcome: Pin<Box<dyn Future<Output = Answered> + Send>>,
}

impl Call {
    fn new(link: &Arc<CallLink>, request: CallRequest) -> Self {
        let permit = CallPermit::take(link, request.size);
        let submitted = permit.and_then(|permit| Ok((link.submit(&request, false)?, permit)));
        let first_use = submitted.as_ref().is_ok_and(|(submitted, _)| submitted.first_use);
        let link = Arc::clone(link);
        let outcome = async move {
            let (submitted, _permit) = submitted.map_err(untried)?;
            match answer(submitted).await {
                Err((_, Consequence::LoadScript)) => {
                    let again = link.submit(&request, true).map_err(untried)?;
                    answer(again).await
                }
                answer => answer,
            }
        };
        Self { first_use, outcome: Box::pin(outcome) }
    }

    /// Returns whether the script was not loaded on the connection before.
    pub fn is_first_use(&self) -> bool {
        self.first_use
    }
}

impl Future for Call {
    type Output = Answered;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.outcome.as_mut().poll(context)
    }
}

fn untried(failure: Failure) -> (Failure, Consequence) {
    (failure, Consequence::None)
}

async fn answer(submitted: Submitted) -> Answered {
    let answer = match submitted.answer {
        CallReply::Here(answer) => answer,
        CallReply::Coming(sending) => sending.await,
    };
    let values =
        answer.and_then(|values| values.into_iter().map(Value::extract_error).collect::<RedisResult<Vec<_>>>());
    match values {
        Ok(mut values) => {
            submitted.health.note(Consequence::None);
            Ok(values.pop().unwrap_or(Value::Nil))
        }
        Err(error) => {
            let (failure, consequence) = sort(&error);
            submitted.health.note(consequence);
            Err((failure, consequence))
        }
    }
}

/// The permit of one call to be in flight.
struct CallPermit {
    link: Arc<CallLink>,
    size: usize,
}

impl CallPermit {
    fn take(link: &Arc<CallLink>, size: usize) -> Result<Self, Failure> {
        let calls = link.calls.fetch_add(1, Ordering::Relaxed);
        let bytes = link.bytes.fetch_add(size, Ordering::Relaxed);
        let permit = Self { link: Arc::clone(link), size };
        // One call alone may be of any size.
        let fits = calls == 0 || (calls < link.max_calls && bytes.saturating_add(size) <= link.max_bytes);
        if fits { Ok(permit) } else { Err(Failure::Unavailable) }
    }
}

impl Drop for CallPermit {
    fn drop(&mut self) {
        self.link.calls.fetch_sub(1, Ordering::Relaxed);
        self.link.bytes.fetch_sub(self.size, Ordering::Relaxed);
    }
}
