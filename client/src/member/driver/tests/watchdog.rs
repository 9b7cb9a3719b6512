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
        assert_eq!(run.wait(), [Action::Abandon]);
        let late = run.now - (start + repetition * JOIN_ACK_TIMEOUT);
        assert!(late < Duration::from_secs(1), "{late:?}");
        assert_eq!(run.wait(), [Action::Connect]);
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
fn a_server_that_cannot_answer_now_is_asked_over_other_connections_and_named_in_the_end() {
    let mut run = Run::new(Creating::Never);
    let mut asked = 0;
    while !run.failed() {
        assert!(run.now < run.start + 5 * JOIN_ACK_TIMEOUT);
        if run.done.contains(&Action::Connect) {
            run.input(opened());
            asked += u32::from(run.sent_join().is_some());
            assert_eq!(run.input(refused(AckCode::Unavailable)), [Action::Abandon]);
        }
        run.wait();
    }
    assert!(matches!(run.events()[0], MemberEvent::Refused { code: 503, .. }));
    assert!(asked > 10, "{asked}");
    assert!(run.now >= run.start + 4 * JOIN_ACK_TIMEOUT);
}

#[test]
fn a_heartbeat_that_nobody_knows_leads_to_another_join() {
    for code in [AckCode::NotRoomMember, AckCode::RoomNotFound] {
        let mut run = Run::joined();
        let gone = encode_error(code, Some(SignalKind::Heartbeat), "who?", None, 1000);
        run.input(Input::Text(gone.to_string()));
        run.wait();
        assert_eq!(run.driver.machine.state(), State::Reinitializing, "{code:?}");
        assert!(run.sent_join().is_some(), "{code:?}");
    }
}
