//! Messages on their way to the peer, fragmented when they are longer than a frame may be.

use actix_http::ws::{Item, Message};
use actix_web_actors::ws::WebsocketContext;
use bytes::Bytes;

use roomcast_protocol::frame::fragments;

use super::actor::SessionActor;
use crate::config::to_usize;

impl SessionActor {
    pub(super) fn write(&self, text: &str, ctx: &mut WebsocketContext<Self>) {
        let max_frame = to_usize(self.node.settings.max_frame);
        if text.len() <= max_frame {
            ctx.text(text);
            return;
        }
        let mut frames = fragments(text, max_frame).map(Bytes::copy_from_slice).peekable();
        let mut first = true;
        while let Some(payload) = frames.next() {
            let item = match (first, frames.peek().is_some()) {
                (true, _) => Item::FirstText(payload),
                (false, true) => Item::Continue(payload),
                (false, false) => Item::Last(payload),
            };
            first = false;
            ctx.write_raw(Message::Continuation(item));
        }
    }
}
