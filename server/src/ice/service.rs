//! ICE servers that a service hands out, with credentials of its own: fetched at the start and again at half of their
//! life. A JOIN never waits for them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use metrics::counter;
use reqwest::Url;
use serde_json::json;
use tokio::sync::Notify;

use roomcast_protocol::ack::IceServer;

use super::answer::{Servers, read};
use crate::fetch::{self, Due, Fetcher};
use crate::secret::Secret;

/// Counts fetches of the servers that failed.
pub const FETCH_FAILURES: &str = "roomcast_ice_fetch_failures_total";

/// A service that is asked for ICE servers.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its address: https, or http on loopback.
    pub url: Url,
    /// The token that it wants.
    pub token: Option<Secret>,
    /// The life that is asked for, and taken for granted.
    pub life: Duration,
}

impl Service {
    /// Asks once.
    ///
    /// # Errors
    /// A sentence that says why there are no servers that can be used.
    pub async fn ask(&self, fetcher: &Fetcher) -> Result<Servers, String> {
        let question = json!({ "ttl": self.life.as_secs() }).to_string();
        read(&fetcher.ask(&self.url, self.token.as_ref().map(Secret::expose), question).await?)
    }

    /// Its address as a log may have it: some services have a key in the query.
    pub fn shown(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        url.set_fragment(None);
        url.to_string()
    }
}

/// The servers of a service, as long as they are good.
#[derive(Debug)]
pub struct Handed {
    state: Mutex<State>,
    /// Wakes the task that fetches.
    wake: Notify,
}

#[derive(Debug)]
struct State {
    service: Service,
    due: Due,
    held: CachedServers,
}

impl Handed {
    /// None yet.
    pub fn new(service: Service) -> Self {
        let due = Due::new(Instant::now());
        Self { state: Mutex::new(State { service, due, held: CachedServers::default() }), wake: Notify::new() }
    }

    /// Returns the servers that are good now.
    pub fn servers(&self) -> Arc<[IceServer]> {
        self.state().held.good(Instant::now())
    }

    /// Returns the time since they were asked for.
    pub fn age(&self) -> Option<Duration> {
        self.state().held.asked.map(|asked| Instant::now().saturating_duration_since(asked))
    }

    /// Asks soon, whatever the age of the servers.
    pub fn hurry(&self) {
        self.state().due.hurry(Instant::now());
        self.wake.notify_one();
    }

    /// Brings another token from now on.
    pub fn replace_token(&self, token: Option<Secret>) {
        self.state().service.token = token;
    }

    /// Asks as long as the server runs.
    pub async fn follow(&self, fetcher: Fetcher) {
        loop {
            let asked = Instant::now();
            let service = {
                let mut state = self.state();
                state.due.begin();
                state.service.clone()
            };
            let answer = service.ask(&fetcher).await;
            self.take(&service, asked, answer);
            fetch::wait(|| self.state().due.at(), &self.wake).await;
        }
    }

    /// Takes an answer, and says what has changed.
    fn take(&self, service: &Service, asked: Instant, answer: Result<Servers, String>) {
        let (now, url) = (Instant::now(), service.shown());
        match answer {
            Ok(read) => {
                let count = read.servers.len();
                let (is_first, is_back) = {
                    let mut state = self.state();
                    let is_first = state.held.take(asked, service.life, read.servers.into());
                    (is_first, state.due.succeed(now, service.life / 2))
                };
                if is_first {
                    tracing::info!("members get {count} ICE servers of {url}");
                } else if is_back {
                    tracing::info!("{url} hands out ICE servers again");
                }
                if is_first || is_back {
                    read.ignored.iter().for_each(|ignored| tracing::warn!("{url}: {ignored}"));
                }
            }
            Err(reason) => {
                counter!(FETCH_FAILURES).increment(1);
                let (is_first, is_over) = {
                    let mut state = self.state();
                    (state.due.fail(now), state.held.end(now))
                };
                if is_first {
                    tracing::warn!("the ICE servers were not fetched from {url}: {reason}");
                }
                if is_over {
                    tracing::error!("members get no ICE server of {url} any more: the last ones have ended ({reason})");
                }
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The newest servers, and how long they are good. Pure: time is an argument.
#[derive(Debug, Default)]
struct CachedServers {
    servers: Arc<[IceServer]>,
    asked: Option<Instant>,
    good_until: Option<Instant>,
}

impl CachedServers {
    /// Takes servers that were asked for at a time. Whether there were none before.
    fn take(&mut self, asked: Instant, life: Duration, servers: Arc<[IceServer]>) -> bool {
        let is_first = self.servers.is_empty();
        (self.servers, self.asked, self.good_until) = (servers, Some(asked), Some(asked + life));
        is_first
    }

    /// Returns the servers that are good.
    fn good(&self, now: Instant) -> Arc<[IceServer]> {
        match self.good_until.is_some_and(|until| now < until) {
            true => self.servers.clone(),
            false => Arc::default(),
        }
    }

    /// Lets servers go that are good no more. Whether there were any.
    fn end(&mut self, now: Instant) -> bool {
        let is_over = !self.servers.is_empty() && self.good(now).is_empty();
        if is_over {
            self.servers = Arc::default();
        }
        is_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn servers(url: &str) -> Arc<[IceServer]> {
        [IceServer { urls: vec![url.to_owned()], username: None, credential: None }].into()
    }

    #[test]
    fn servers_are_good_for_their_life_from_the_question_on() {
        let (now, mut held) = (Instant::now(), CachedServers::default());
        assert!(held.good(now).is_empty() && !held.end(now));
        assert!(held.take(now, HOUR * 4, servers("stun:a")));
        assert_eq!(held.good(now + HOUR * 4 - Duration::from_secs(1)), servers("stun:a"));
        assert!(held.good(now + HOUR * 4).is_empty(), "nobody gets what has ended, whether or not one asked again");
        assert!(!held.end(now + HOUR), "the old ones stay while none can be fetched");
        assert!(held.end(now + HOUR * 4) && !held.end(now + HOUR * 5), "it is said once");
        assert!(held.take(now + HOUR * 5, HOUR * 4, servers("stun:b")));
        assert!(!held.take(now + HOUR * 7, HOUR * 4, servers("stun:c")));
        assert_eq!(held.good(now + HOUR * 10), servers("stun:c"));
    }

    #[test]
    fn an_address_is_shown_without_what_may_be_a_key() {
        let url = Url::parse("https://turn.example/v1/credentials?apiKey=geheim#geheim").unwrap();
        let service = Service { url, token: Some(Secret::new("geheim")), life: HOUR };
        assert_eq!(service.shown(), "https://turn.example/v1/credentials");
        assert!(!format!("{:?}", service.token).contains("geheim"));
    }

    #[test]
    fn an_answer_is_asked_for_again_at_half_of_its_life_and_sooner_after_a_failure() {
        let url = Url::parse("https://turn.example/").unwrap();
        let service = Service { url, token: None, life: HOUR * 4 };
        let (handed, asked) = (Handed::new(service.clone()), Instant::now());
        let again = |handed: &Handed| handed.state().due.at() - asked;
        handed.take(&service, asked, Ok(Servers { servers: servers("stun:a").to_vec(), ignored: Vec::new() }));
        assert!((HOUR * 2..HOUR * 3).contains(&again(&handed)));
        handed.take(&service, asked, Err("it is no JSON".into()));
        assert!(again(&handed) < HOUR && handed.servers().len() == 1);
        handed.hurry();
        assert!(handed.state().due.at() <= Instant::now());
    }
}
