//! Viewers over HTTP/1.1 who are all asked to send one request at the same time, and tell when each got its answer.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::error::{Error, within};
use crate::http::{Answer, Http};

/// For all to send, or all to be answered.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Viewers who arrive at the same time: the first must not have left before the last is there, for a server keeps an
/// idle connection for a few seconds only.
const DOORS: usize = 64;

/// The request of each viewer by its number, the first again behind the last.
pub type Requests = Arc<[Vec<u8>]>;

/// Connections that are kept; closed when dropped.
#[derive(Debug)]
pub struct Viewers {
    count: usize,
    requests: watch::Sender<Requests>,
    board: Arc<Board>,
    _tasks: JoinSet<()>,
}

/// Results of the requests.
#[derive(Debug, Default)]
struct Board {
    told: Mutex<Told>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Told {
    sent: usize,
    answers: Vec<Instant>,
    last: Option<Answer>,
    lost: Option<Error>,
}

impl Viewers {
    /// Opens connections, each of which sends a first request and gets its answer.
    ///
    /// # Errors
    /// When one does not.
    pub async fn open(server: SocketAddr, count: usize, first: &[u8]) -> Result<Self, Error> {
        Self::open_each(server, count, [first.to_vec()].into()).await
    }

    /// The same with a request of its own for each.
    ///
    /// # Errors
    /// When one does not get its answer.
    pub async fn open_each(server: SocketAddr, count: usize, first: Requests) -> Result<Self, Error> {
        let (requests, board) = (watch::Sender::new(first), Arc::<Board>::default());
        let (mut tasks, mut doors) = (JoinSet::new(), JoinSet::new());
        let mut numbers = 0..count;
        loop {
            let free = DOORS - doors.len();
            for number in numbers.by_ref().take(free) {
                doors.spawn(arrive(server, number, Arc::clone(&requests.borrow())));
            }
            let Some(http) = doors.join_next().await else { break };
            let http = http.map_err(|_| Error::Task)??;
            let (number, http) = http;
            tasks.spawn(view(number, http, requests.subscribe(), Arc::clone(&board)));
        }
        Ok(Self { count, requests, board, _tasks: tasks })
    }

    /// Lets everyone send a request, and waits until the system has all of them.
    ///
    /// # Errors
    /// When a connection is lost.
    pub async fn ask(&self, request: Vec<u8>) -> Result<(), Error> {
        self.ask_each([request].into()).await
    }

    /// The same with a request of its own for each.
    ///
    /// # Errors
    /// When a connection is lost.
    pub async fn ask_each(&self, requests: Requests) -> Result<(), Error> {
        self.board.see(|told| (told.sent, told.answers) = (0, Vec::with_capacity(self.count)));
        self.requests.send_replace(requests);
        self.until("sending requests", |told| told.sent).await
    }

    /// Number of requests answered so far.
    pub fn answered(&self) -> usize {
        self.board.see(|told| told.answers.len())
    }

    /// Waits until everyone has an answer; returns the moments in their order, and what the last answer was.
    ///
    /// # Errors
    /// When a connection is lost, or the answer is a refusal.
    pub async fn answers(&self) -> Result<(Vec<Instant>, Option<Answer>), Error> {
        self.until("the answers to all viewers", |told| told.answers.len()).await?;
        Ok(self.board.see(|told| (std::mem::take(&mut told.answers), told.last)))
    }

    async fn until(&self, what: &'static str, so_many: fn(&Told) -> usize) -> Result<(), Error> {
        within(TIMEOUT, what, async {
            loop {
                let changed = self.board.changed.notified();
                let (there, lost) = self.board.see(|told| (so_many(told), told.lost.take()));
                match lost {
                    Some(error) => return Err(error),
                    None if there >= self.count => return Ok(()),
                    None => changed.await,
                }
            }
        })
        .await
    }
}

impl Board {
    fn see<T>(&self, what: impl FnOnce(&mut Told) -> T) -> T {
        what(&mut self.told.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn arrive(server: SocketAddr, number: usize, first: Requests) -> Result<(usize, Http), Error> {
    let mut http = Http::open(server, number).await?;
    http.send(&first[number % first.len()]).await?;
    http.receive().await?;
    Ok((number, http))
}

async fn view(number: usize, mut http: Http, mut requests: watch::Receiver<Requests>, board: Arc<Board>) {
    while requests.changed().await.is_ok() {
        let requests = Arc::clone(&requests.borrow_and_update());
        let request = &requests[number % requests.len()];
        if let Err(error) = exchange(&mut http, request, &board).await {
            board.see(|told| told.lost = Some(error));
            board.changed.notify_one();
            return;
        }
    }
}

async fn exchange(http: &mut Http, request: &[u8], board: &Board) -> Result<(), Error> {
    http.send(request).await?;
    board.see(|told| told.sent += 1);
    board.changed.notify_one();
    let answer = http.receive().await?;
    board.see(|told| {
        told.answers.push(Instant::now());
        told.last = Some(answer);
    });
    board.changed.notify_one();
    Ok(())
}
