//! A proxy that can swallow what a subscription gets, while its connection and all others stay, and can cut all
//! connections and hold up new ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A way to Redis.
pub struct Proxy {
    port: u16,
    /// Number of connections made so far.
    made: Arc<AtomicUsize>,
    /// Subscriptions on connections before this one get nothing.
    muted: Arc<AtomicUsize>,
    /// New connections wait while this is true.
    held: watch::Sender<bool>,
}

impl Proxy {
    pub async fn start(redis: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (made, muted) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let held = watch::Sender::new(false);
        let mut free = held.subscribe();
        let proxy = Self { port, made: Arc::clone(&made), muted: Arc::clone(&muted), held };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let _ = free.wait_for(|held| !held).await;
                let number = made.fetch_add(1, Ordering::SeqCst);
                let (carried, mut cut) = (carry(client, redis, number, Arc::clone(&muted)), free.clone());
                tokio::spawn(async move {
                    tokio::select! { () = carried => {}, _ = cut.wait_for(|held| *held) => {} }
                });
            }
        });
        proxy
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Cuts all connections and holds up new ones.
    pub fn cut(&self) {
        self.held.send_replace(true);
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.held.send_replace(false);
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
