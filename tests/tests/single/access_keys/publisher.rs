//! A server that publishes a key set, and answers as the test wants: well, badly, or not at all.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::signer::Signer;

/// The answer to each request.
#[derive(Clone)]
pub enum Answer {
    /// A status with further header lines, and a body.
    Response(&'static str, Vec<u8>),
    /// None: the connection stays open and silent.
    Silence,
}

impl Answer {
    /// A good answer with these keys.
    pub fn keys(keys: &[&Signer]) -> Self {
        Self::jwks(&json!({ "keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>() }))
    }

    pub fn jwks(jwks: &Value) -> Self {
        Self::Response("200 OK\r\nCache-Control: max-age=3600", jwks.to_string().into_bytes())
    }
}

struct State {
    answer: Answer,
    requests: usize,
}

/// A publisher of keys; it ends when dropped.
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
        let state = Arc::new(Mutex::new(State { answer, requests: 0 }));
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
        self.state.lock().expect("no test panics with it").answer = answer;
    }

    /// The number of requests to it.
    pub fn requests(&self) -> usize {
        self.state.lock().expect("no test panics with it").requests
    }
}

async fn answer_one(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match stream.read(&mut byte).await {
            Ok(1) if head.len() < 8192 => head.push(byte[0]),
            _ => return,
        }
    }
    let answer = {
        let mut state = state.lock().expect("no test panics with it");
        state.requests += 1;
        state.answer.clone()
    };
    match answer {
        Answer::Response(status, body) => {
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            // The server may have had enough of it.
            let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
        }
        Answer::Silence => {
            let _ = stream.read(&mut [0]).await;
        }
    }
}
