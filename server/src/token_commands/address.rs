//! Addresses of the page and commands that hold a token.

use roomcast_client::ServerAddress;
use roomcast_protocol::access::{Action, Permit, RoomPattern};
use roomcast_protocol::signal::RoomType;

use crate::config::{Token, UrlKind};

/// Returns the token alone, or what `--url` asks for.
///
/// # Errors
/// A sentence when the token does not grant what the address is for.
pub fn of(options: &Token, permit: &Permit, token: String) -> Result<String, String> {
    let (Some(kind), [RoomPattern::Exact(room)]) = (options.url, options.room.as_slice()) else { return Ok(token) };
    let (page, action) = purpose(kind);
    permit.check(action, room).map_err(|lack| format!("--url {page} is of no use: {lack}"))?;
    let server = ServerAddress::parse(&options.server).map_err(|error| error.to_string())?;
    let below = |path: &str| server.resolve(path).map_err(|error| error.to_string());
    if kind == UrlKind::Ffmpeg {
        return Ok(ffmpeg(below(&format!("/rooms/{room}/ingest/main/v0"))?.as_str(), &token));
    }
    let mut address = below(&format!("/{page}/{room}"))?;
    // Behind `#`: it is in no request and no log of a proxy.
    address.set_fragment(Some(&format!("token={token}")));
    Ok(address.into())
}

fn purpose(kind: UrlKind) -> (&'static str, Action) {
    match kind {
        UrlKind::Call => ("call", Action::Join(RoomType::P2p)),
        UrlKind::Group => ("group", Action::Join(RoomType::M2m)),
        UrlKind::Watch => ("watch", Action::Play),
        UrlKind::Broadcast => ("broadcast", Action::Publish),
        UrlKind::Ffmpeg => ("ffmpeg", Action::Publish),
    }
}

/// A push by ffmpeg, for a shell. Neither a token nor a room has a quote, and no address an unescaped one.
fn ffmpeg(address: &str, token: &str) -> String {
    let address = address.replace('\'', "%27");
    format!(
        "ffmpeg -re -i input.mp4 -c:v libx264 -preset veryfast -tune zerolatency -g 30 -keyint_min 30 -sc_threshold 0 \
         -bf 0 \\\n    \
         -pix_fmt yuv420p -c:a aac -f mp4 -movflags +cmaf+delay_moov+default_base_moof -frag_duration 333333 \\\n    \
         -flush_packets 1 -headers 'Authorization: Bearer {token}' \\\n    \
         -method PUT '{address}'"
    )
}
