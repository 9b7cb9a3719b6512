//! `GET /ws`: the opening handshake.

use actix_web::{HttpRequest, HttpResponse, web};

use roomcast_protocol::code::AckCode;

use super::application::Session;
use crate::access::{self, Challenge, arrival};
use crate::response::answer;
use crate::socket::{Refused, refusal};
use crate::state::AppState;

/// Upgrades a request to a session, or says why not.
pub async fn upgrade(request: HttpRequest, payload: web::Payload, state: web::Data<AppState>) -> HttpResponse {
    let token = arrival::of_handshake(request.head());
    state.access.prepare(token.as_deref()).await;
    let permit = match state.access.admit(token.as_deref()) {
        Ok(permit) => permit,
        Err(refused) => return access::refusal(&refused, Challenge::Bearer),
    };
    if state.lifecycle.is_draining() {
        return answer::error(AckCode::Unavailable, "the server is stopping");
    }
    let make = |budget, send_queue| Session::new(state.clone().into_inner(), permit, budget, send_queue);
    let made = state.sockets.upgrade(&request, payload, make);
    made.unwrap_or_else(|refused| refusal(refused, answer::error(code(refused), refused.to_string())))
}

const fn code(refused: Refused) -> AckCode {
    match refused {
        Refused::Origin => AckCode::PermissionNotFound,
        Refused::TooMany => AckCode::RateLimited,
        _ => AckCode::InvalidSignal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_handshake_has_a_status_that_is_published_for_its_code() {
        use Refused::{Body, Http2, Key, Method, NoUpgrade, Origin, TooMany, Version};
        for refused in [Method, NoUpgrade, Version, Http2, Key, Body, Origin, TooMany] {
            assert!(code(refused).statuses().contains(&refused.status().as_u16()), "{refused:?}");
        }
    }
}
