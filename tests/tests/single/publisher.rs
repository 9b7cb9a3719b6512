//! A server that publishes a text, and answers as the test wants: well, badly, or not at all.

use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The answer to each request.
#[derive(Clone)]
pub enum Answer {
    /// A status with further header lines, and a body.
    Response(&'static str, Vec<u8>),
    /// The same for who brings this token, and 401 for all others.
    Guarded(&'static str, Box<Answer>),
    /// The beginning of a body that never ends.
    Endless,
    /// None: the connection stays open and silent.
    Silence,
}

impl Answer {
    /// A good answer to a question that was posted.
    pub fn created(json: &Value) -> Self {
        Self::Response("201 Created\r\nContent-Type: application/json", json.to_string().into_bytes())
    }
}

struct State {
    answer: Answer,
    requests: Vec<String>,
}

/// A publisher; it ends when dropped.
pub struct Publisher {
    pub url: String,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Publisher {
    pub async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/keys", listener.local_addr().expect("an address"));
        let state = Arc::new(Mutex::new(State { answer, requests: Vec::new() }));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer_one(stream, Arc::clone(&shared)));
            }
        });
        Self { url, state, task }
    }

    /// Answers otherwise from now on.
    pub fn answer(&self, answer: Answer) {
        self.state().answer = answer;
    }

    /// The number of requests to it.
    pub fn requests(&self) -> usize {
        self.state().requests.len()
    }

    /// The newest request, head and body.
    pub fn last_request(&self) -> String {
        self.state().requests.last().cloned().expect("somebody asked")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics with it")
    }
}

async fn answer_one(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let Some(request) = request(&mut stream).await else { return };
    let answer = {
        let mut state = state.lock().expect("no test panics with it");
        state.requests.push(request.clone());
        state.answer.clone()
    };
    let answer = match answer {
        Answer::Guarded(token, _) if !request.contains(&format!("authorization: Bearer {token}\r\n")) => {
            Answer::Response("401 Unauthorized", Vec::new())
        }
        Answer::Guarded(_, answer) => *answer,
        answer => answer,
    };
    match answer {
        Answer::Response(status, body) => respond(&mut stream, status, body.len(), &body).await,
        Answer::Endless => {
            respond(&mut stream, "200 OK", 1000, b"{\"").await;
            let _ = stream.read(&mut [0]).await;
        }
        _ => {
            let _ = stream.read(&mut [0]).await;
        }
    }
}

async fn respond(stream: &mut TcpStream, status: &str, length: usize, body: &[u8]) {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    // The server may have had enough of it.
    let _ = stream.write_all(&[head.as_bytes(), body].concat()).await;
}

/// A request, head and body; none where it breaks off.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    let mut end = None;
    while end != Some(request.len()) {
        let mut byte = [0];
        match stream.read(&mut byte).await {
            Ok(1) if request.len() < 8192 => request.push(byte[0]),
            _ => return None,
        }
        if end.is_none() && request.ends_with(b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&request).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            end = Some(request.len() + length.unwrap_or(0));
        }
    }
    String::from_utf8(request).ok()
}
