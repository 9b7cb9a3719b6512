//! Publishes fragmented MP4: `cargo run --example publish -- http://127.0.0.1:8080 demo FILE|-`.
//!
//! Ctrl-C ends the broadcast properly.

use std::path::PathBuf;

use roomcast_client::{Error, Input, Publish, publish};
use roomcast_protocol::id::RoomId;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = || arguments.next().ok_or("usage: publish SERVER ROOM FILE|-");
    let (server, room, input) = (argument()?, argument()?, argument()?);
    let options = Publish::new(server, RoomId::parse(&room)?, Input::from(PathBuf::from(input)));
    let stop = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    match publish::run(options, stop, |progress| println!("{progress}")).await {
        Ok(summary) => println!("{summary:?}"),
        Err(error @ (Error::AnotherPublisher(_) | Error::OnAir(_))) => println!("nothing was published: {error}"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
