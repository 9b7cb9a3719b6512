//! The driver under the watchdog: when it joins again, and when that is the end.

use roomcast_protocol::client::Observation;
use roomcast_protocol::limits::JOIN_ACK_TIMEOUT;

use super::*;

#[test]
fn an_unanswered_join_is_repeated_three_times_and_then_fails() {
    let mut run = Run::new(Creating::Never);
    let start = run.now;
    for repetition in 1..=3 {
        run.input(opened());
        assert_eq!(run.wait(), [Action::Abandon, Action::Connect]);
        assert_eq!(run.now, start + repetition * JOIN_ACK_TIMEOUT);
    }
    run.input(opened());
    run.wait();
    assert!(run.failed() && matches!(run.events()[0], MemberEvent::Unreachable { .. }));
}

#[test]
fn uploads_that_stay_slow_lead_to_another_join_over_the_same_connection() {
    let mut run = Run::joined();
    for observation in [Observation::SlowUpload; 10] {
        assert_eq!(run.input(Input::Seen(observation)), []);
    }
    run.wait();
    assert_eq!(run.events(), [&MemberEvent::StateChanged(State::Reinitializing)]);
    assert!(run.sent_join().is_some_and(|options| options.resume_token.as_deref() == Some("t1")));
}

#[test]
fn a_fast_upload_excuses_nine_slow_ones() {
    let mut run = Run::joined();
    let nine = || [Observation::SlowUpload; 9].into_iter();
    for observation in nine().chain([Observation::FastUpload]).chain(nine()) {
        run.input(Input::Seen(observation));
    }
    assert!(matches!(run.wait(), [Action::Send(text)] if text.contains("HEARTBEAT")));
}

#[test]
fn uploads_that_stay_slow_whatever_is_done_are_the_end() {
    let mut run = Run::joined();
    for rejoins in 0..4 {
        assert!(!run.failed(), "{rejoins}");
        for observation in [Observation::SlowUpload; 10] {
            run.input(Input::Seen(observation));
        }
        run.wait();
        if rejoins < 3 {
            run.input(accepted(true, "t2"));
        }
    }
    assert!(run.failed() && matches!(run.events()[0], MemberEvent::Unreachable { .. }));
}

#[test]
fn a_server_that_cannot_answer_now_counts_as_silent_and_is_named_in_the_end() {
    let mut run = Run::new(Creating::Never);
    for _ in 0..MAX_JOINS {
        run.input(opened());
        assert_eq!(run.input(refused(AckCode::Unavailable)), []);
        run.wait();
    }
    assert!(run.failed() && matches!(run.events()[0], MemberEvent::Refused { code: 503, .. }));
}

#[test]
fn a_heartbeat_that_nobody_knows_leads_to_another_join() {
    for code in [AckCode::NotRoomMember, AckCode::RoomNotFound] {
        let mut run = Run::joined();
        let gone = encode_error(code, Some(SignalKind::Heartbeat), "who?", None, 1000);
        run.input(Input::Text(gone.to_string()));
        run.wait();
        assert_eq!(run.driver.watched.state(), State::Reinitializing, "{code:?}");
        assert!(run.sent_join().is_some(), "{code:?}");
    }
}
