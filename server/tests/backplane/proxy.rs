//! A proxy that can swallow what a subscription gets, while its connection and all others stay.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A way to Redis.
pub struct Proxy {
    port: u16,
    /// How many connections there have been.
    made: Arc<AtomicUsize>,
    /// Subscriptions on connections before this one get nothing.
    muted: Arc<AtomicUsize>,
}

impl Proxy {
    pub async fn start(redis: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (made, muted) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let proxy = Self { port, made: Arc::clone(&made), muted: Arc::clone(&muted) };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let number = made.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(carry(client, redis, number, Arc::clone(&muted)));
            }
        });
        proxy
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Subscriptions that stand get nothing any more; later ones do.
    pub fn mute_subscriptions(&self) {
        self.muted.store(self.made.load(Ordering::SeqCst), Ordering::SeqCst);
    }
}

async fn carry(client: TcpStream, redis: u16, number: usize, muted: Arc<AtomicUsize>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", redis)).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let subscribes = AtomicBool::new(false);
    let up = async {
        let mut buffer = vec![0; 65536];
        while let Ok(count @ 1..) = from_client.read(&mut buffer).await {
            if buffer[..count].windows(9).any(|text| text == b"SUBSCRIBE") {
                subscribes.store(true, Ordering::SeqCst);
            }
            if to_server.write_all(&buffer[..count]).await.is_err() {
                return;
            }
        }
    };
    let down = async {
        let mut buffer = vec![0; 65536];
        while let Ok(count @ 1..) = from_server.read(&mut buffer).await {
            let mute = subscribes.load(Ordering::SeqCst) && number < muted.load(Ordering::SeqCst);
            if !mute && to_client.write_all(&buffer[..count]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! { () = up => {}, () = down => {} }
}
