//! A member of a room that lives by itself: it beats every second, confirms what it got, and keeps all it heard.
//!
//! Tests of faults are about what members see over seconds. Therefore a member is a task; the test looks at what it
//! has heard and waits for what it shall hear. Its connection can be lost, and it can come back on any node with all
//! its memory.

mod connection;
mod heard;
mod numbers;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

pub use heard::{Heard, State};
pub use numbers::SentSignals;

use crate::server::Server;
use crate::with_timeout;
use connection::Connection;

/// Identity of a member: its user, session and room.
#[derive(Debug, Clone)]
pub struct Who {
    /// The user.
    pub user: String,
    /// The session.
    pub session: String,
    /// The room.
    pub room: String,
    /// Its type.
    pub room_type: &'static str,
}

impl Who {
    /// User `ann` with session `ann-1`, or of `ann/2` with session `ann-2`, in room `demo`.
    #[must_use]
    pub fn new(name: &str, room_type: &'static str) -> Self {
        let (user, session) = name.split_once('/').unwrap_or((name, "1"));
        Self { user: user.to_owned(), session: format!("{user}-{session}"), room: "demo".to_owned(), room_type }
    }

    /// The same in another room.
    #[must_use]
    pub fn in_room(self, room: &str) -> Self {
        Self { room: room.to_owned(), ..self }
    }

    fn signal(&self, action: &str, name: &str, more: Value) -> String {
        let session = json!({"userId": self.user, "sessionId": self.session, "category": "stream", "host": "Web",
            "deviceId": "test"});
        let mut data = json!({"s": name, "ch": self.room_type, "rid": self.room, "ss": session});
        let Value::Object(more) = more else { panic!("members come as an object") };
        data.as_object_mut().expect("it is an object").extend(more);
        json!({"action": action, "data": data}).to_string()
    }
}

/// A member with an open connection; its connection is lost when it is dropped.
pub struct TestMember {
    /// Identity of the member.
    pub who: Who,
    said: mpsc::Sender<String>,
    state: watch::Receiver<State>,
    task: JoinHandle<()>,
}

/// State that remains of a member that has lost its connection.
#[derive(Debug, Clone)]
pub struct Memory {
    /// Identity of the former member.
    pub who: Who,
    /// Messages that it has received.
    pub state: State,
}

impl Memory {
    /// Comes back on this node, with the number of what it heard last.
    ///
    /// # Errors
    /// The ack, when it is refused.
    pub async fn resume(self, node: &Server) -> Result<TestMember, Value> {
        let from = self.state.last_number();
        TestMember::ask(node, self, json!({"roomCreating": false, "resumeFrom": from})).await
    }
}

impl TestMember {
    /// Creates the room on this node.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn create(node: &Server, who: Who) -> Self {
        Self::try_join(node, who, true).await.unwrap_or_else(|ack| panic!("created: {ack}"))
    }

    /// Joins on this node.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn join(node: &Server, who: Who) -> Self {
        Self::try_join(node, who, false).await.unwrap_or_else(|ack| panic!("joined: {ack}"))
    }

    /// Joins on this node.
    ///
    /// # Errors
    /// The ack, when it is refused.
    pub async fn try_join(node: &Server, who: Who, creating: bool) -> Result<Self, Value> {
        Self::ask(node, Memory { who, state: State::default() }, json!({"roomCreating": creating})).await
    }

    async fn ask(node: &Server, memory: Memory, options: Value) -> Result<Self, Value> {
        let asked = Self::attempt(node.next_address(), memory, options, crate::TIMEOUT).await;
        asked.unwrap_or_else(|reason| panic!("an answer to JOIN: {reason}"))
    }

    /// Joins at this address with these options, and waits only so long.
    ///
    /// # Errors
    /// Why there is no answer; or, within, the ack that refuses.
    pub async fn attempt(
        address: &str,
        memory: Memory,
        options: Value,
        timeout: Duration,
    ) -> Result<Result<Self, Value>, String> {
        let Memory { who, state } = memory;
        let mut options = options;
        if let Some(said) = &state.said {
            options["n"] = said.above().into();
        }
        let join = who.signal("join", "JOIN", json!({"ve": true, "ae": true, "op": options}));
        let opening = Connection::open(address, &join, state);
        let opened = tokio::time::timeout(timeout, opening).await.map_err(|_| "it does not come".to_owned())?;
        let (line, code, ack) = opened?;
        if code != 200 {
            return Ok(Err(ack));
        }
        let (said, saying) = mpsc::channel(4096);
        let state = line.state();
        let task = tokio::spawn(line.run(saying, who.clone()));
        Ok(Ok(Self { who, said, state, task }))
    }

    /// Loses its connection.
    #[must_use]
    pub fn lose(self) -> Memory {
        self.task.abort();
        Memory { who: self.who.clone(), state: self.state.borrow().clone() }
    }

    /// Comes back on this node while the old connection is still there.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn resume(&self, node: &Server) -> Self {
        let memory = Memory { who: self.who.clone(), state: self.state.borrow().clone() };
        memory.resume(node).await.unwrap_or_else(|ack| panic!("resumed: {ack}"))
    }

    /// Returns the messages received until now.
    #[must_use]
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Calls `look` with the messages received until now.
    pub fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.borrow())
    }

    /// Sends a signal, with a number where the member numbers what it says.
    ///
    /// # Panics
    /// When so many wait to be sent that the connection must be dead.
    pub fn say(&self, action: &str, name: &str, mut more: Value) {
        let said = self.look(|state| state.said.clone()).filter(|_| !matches!(name, "HEARTBEAT" | "LEAVE"));
        let text = match said {
            Some(said) => said.say(|n| {
                more["n"] = n.into();
                self.who.signal(action, name, more)
            }),
            None => self.who.signal(action, name, more),
        };
        self.said.try_send(text).expect("the connection takes what is said");
    }

    /// Whether the connection is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state.borrow().closed.is_none()
    }

    /// Sends numbered ICE candidates to a session.
    pub fn relay(&self, to: &Who, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            let to = json!({"userId": to.user, "sessionId": to.session});
            self.say("iceCandidate", "ICE", json!({"sdp": number.to_string(), "to": to}));
        }
    }

    /// Waits until what it has heard is so.
    ///
    /// # Panics
    /// When it does not become so in time.
    pub async fn until(&self, what: &str, mut is: impl FnMut(&State) -> bool) -> State {
        self.within(crate::TIMEOUT, what, &mut is).await
    }

    /// Waits this long until what it has heard is so.
    ///
    /// # Panics
    /// When it does not become so in time, or its connection ends before.
    pub async fn within(&self, time: Duration, what: &str, mut is: impl FnMut(&State) -> bool) -> State {
        let mut state = self.state.clone();
        let known = state.wait_for(|state| is(state));
        let session = &self.who.session;
        let told = || panic!("{session} waited in vain for {what}: {}", self.state.borrow().summary());
        match tokio::time::timeout(time, known).await {
            Ok(Ok(state)) => state.clone(),
            Ok(Err(_)) | Err(_) => told(),
        }
    }

    /// Waits until the newest list it knows holds exactly these sessions, oldest first.
    pub async fn until_list(&self, sessions: &[&str]) -> State {
        self.until(&format!("the list {sessions:?}"), |state| state.list() == sessions).await
    }

    /// Waits for all these numbers from a member, and holds that they came in order and none twice.
    ///
    /// # Panics
    /// When they do not, or one was refused.
    pub async fn hears(&self, from: &TestMember, numbers: std::ops::Range<u64>) {
        let all: Vec<u64> = numbers.collect();
        let last = all.last().copied().unwrap_or_default();
        let (who, own) = (&from.who.session, &self.who.session);
        let mut state = self.state.clone();
        let came = state.wait_for(|state| state.numbers(who).contains(&last));
        let in_time = tokio::time::timeout(crate::TIMEOUT, came).await.is_ok_and(|came| came.is_ok());
        let numbers = self.look(|state| state.numbers(who));
        let missing: Vec<_> = all.iter().filter(|number| !numbers.contains(number)).collect();
        assert!(
            in_time && missing.is_empty(),
            "{own} has {} but not {missing:?} of {from:?}\nat {self:?}",
            numbers.len()
        );
        assert_eq!(numbers, all, "of {from:?}\nat {self:?}");
    }

    /// Beats and waits for the answer: everything said before has been read.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn beat(&self) {
        let bid = uuid::Uuid::new_v4().to_string();
        self.say("heartbeat", "HEARTBEAT", json!({"bid": bid}));
        self.until("the answer to a heartbeat", |state| {
            state.heard.iter().rev().any(|heard| heard.value["b"]["bid"] == bid.as_str())
        })
        .await;
    }

    /// The code with which the server closes.
    ///
    /// # Panics
    /// When it does not close.
    pub async fn closed(&self) -> u16 {
        let state = self.until("the close", |state| state.closed.is_some()).await;
        state.closed.expect("it was waited for")
    }

    /// Holds that something stays so for a time.
    ///
    /// # Panics
    /// When it does not.
    pub async fn stays(&self, time: Duration, what: &str, mut is: impl FnMut(&State) -> bool) {
        let mut state = self.state.clone();
        let end = Instant::now() + time;
        let otherwise = state.wait_for(|state| !is(state));
        let left = end.saturating_duration_since(Instant::now());
        let broken = tokio::time::timeout(left, otherwise).await;
        assert!(broken.is_err(), "{}: {what}, not {}", self.who.session, self.state.borrow().summary());
    }
}

impl std::fmt::Debug for TestMember {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.who.session, self.state.borrow().summary())
    }
}

impl Drop for TestMember {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits until all these members know the same list of these sessions.
pub async fn all_know(members: &[&TestMember], sessions: &[&str]) {
    let waits = members.iter().map(|member| member.until_list(sessions));
    with_timeout("all members to know the list", futures_util::future::join_all(waits)).await;
}
