//! The end of an access token, and what comes before.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::access::Token;

/// A token that is issued as the run starts, and lives for so many seconds.
pub(in super::super) fn lasting(life: u64) -> Token {
    let claims = json!({ "iat": START.as_secs(), "exp": START.as_secs() + life }).to_string();
    Token::from(format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims)))
}

/// A member whose token lives for four seconds.
fn renewing() -> Run {
    let mut run = Run::with_token(Creating::IfAbsent, true);
    run.input(Input::Opened { token: Some(lasting(4)) });
    run.input(accepted(false, "t1"));
    run
}

fn fetched(token: Token) -> Input {
    Input::Fetched(Ok(Some(token)))
}

fn renewed(exp: u64) -> Input {
    Input::Text(ack("RENEW", &json!({ "exp": exp })).to_string())
}

fn sent(token: &Token) -> Action {
    let renewal = json!({ "action": "renew", "data": { "s": "RENEW", "token": token.expose() } });
    Action::Send(renewal.to_string())
}

#[test]
fn a_token_is_replaced_on_the_connection_before_it_ends() {
    let mut run = renewing();
    let start = run.now;
    assert_eq!(run.wait(), [Action::Fetch]);
    assert_eq!(run.now - start, Duration::from_secs(2));
    assert_eq!(run.input(fetched(lasting(8))), [sent(&lasting(8))]);
    assert_eq!(run.input(renewed(1008)), []);
    while !run.wait().contains(&Action::Fetch) {
        assert!(run.now - start < Duration::from_secs(6), "{:?}", run.done);
    }
    assert_eq!(run.now - start, Duration::from_secs(6), "no sooner than after half of its life");
    assert_eq!(run.driver.machine.state(), State::Joined);
}

#[test]
fn a_token_that_is_refused_is_told_and_leaves_the_member_where_it_is() {
    for code in [AckCode::Unauthenticated, AckCode::PermissionNotFound] {
        let mut run = renewing();
        run.wait();
        run.input(fetched(lasting(8)));
        run.input(Input::Text(encode_error(code, Some(SignalKind::Renew), "no", None, 1000).to_string()));
        let (signal, message) = ("RENEW".to_owned(), "no".to_owned());
        assert_eq!(run.done, [Action::Emit(MemberEvent::Refused { signal, code: code.number(), message })]);
        assert_eq!(run.driver.machine.state(), State::Joined);
        let refused = run.now;
        assert!(run.wait().contains(&Action::Fetch));
        assert_eq!(run.now - refused, Duration::from_millis(750));
    }
}

#[test]
fn a_server_that_fails_at_a_token_is_left() {
    let mut run = renewing();
    run.wait();
    run.input(fetched(lasting(8)));
    run.input(Input::Text(encode_error(AckCode::Internal, Some(SignalKind::Renew), "no", None, 1000).to_string()));
    assert!(run.failed() && matches!(run.events()[0], MemberEvent::Refused { code: 500, .. }));
}

#[test]
fn a_function_without_another_token_is_asked_again() {
    for nothing in [Err("no network".to_owned()), Ok(None), Ok(Some(lasting(4)))] {
        let mut run = renewing();
        run.wait();
        assert_eq!(run.input(Input::Fetched(nothing)), []);
        assert!(run.wait().contains(&Action::Fetch));
        assert_eq!(run.input(fetched(lasting(8))), [sent(&lasting(8))]);
    }
}

#[test]
fn a_token_that_comes_after_the_connection_was_lost_is_not_sent() {
    let mut run = renewing();
    run.wait();
    run.input(closed(1006));
    assert_eq!(run.input(fetched(lasting(8))), []);
    assert_eq!(run.wait(), [Action::Connect]);
    assert_eq!(run.input(fetched(lasting(8))), []);
    run.input(Input::Opened { token: Some(lasting(9)) });
    assert_eq!(run.input(fetched(lasting(8))), []);
}

#[test]
fn a_token_that_comes_after_the_connection_was_given_up_is_not_sent() {
    let mut run = Run::with_token(Creating::IfAbsent, true);
    run.input(Input::Opened { token: Some(lasting(4)) });
    assert_eq!(run.wait(), [Action::Fetch]);
    assert_eq!(run.wait(), [Action::Abandon], "JOIN had no answer");
    assert_eq!(run.input(fetched(lasting(8))), []);
}

#[test]
fn a_connection_without_an_ack_of_its_join_is_renewed_too() {
    let mut run = Run::with_token(Creating::IfAbsent, true);
    run.input(Input::Opened { token: Some(lasting(4)) });
    assert_eq!(run.wait(), [Action::Fetch]);
    assert_eq!(run.input(fetched(lasting(8))), [sent(&lasting(8))]);
}

#[test]
fn a_token_that_stays_the_same_is_not_asked_for() {
    let mut run = Run::new(Creating::IfAbsent);
    run.input(Input::Opened { token: Some(lasting(4)) });
    run.input(accepted(false, "t1"));
    assert!(matches!(run.wait(), [Action::Send(text)] if text.contains("HEARTBEAT")), "{:?}", run.done);
}

#[test]
fn a_token_that_is_over_is_replaced_once() {
    let mut run = Run::with_token(Creating::IfAbsent, true);
    run.input(opened());
    run.input(accepted(false, "t1"));
    run.input(closed(4001));
    assert!(!run.done.contains(&Action::Finish), "{:?}", run.done);
    assert!(run.wait().contains(&Action::Connect));
    run.input(opened());
    // The fresh one is over as well.
    run.input(closed(4001));
    assert!(run.done.contains(&Action::Finish), "{:?}", run.done);
}
