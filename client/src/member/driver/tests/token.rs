//! The end of an access token.

use super::*;

#[test]
fn a_token_that_is_over_is_replaced_once() {
    let mut run = Run::with_token(Creating::IfAbsent, true);
    run.input(Input::Opened);
    run.input(accepted(false, "t1"));
    run.input(closed(4001));
    assert!(!run.done.contains(&Action::Finish), "{:?}", run.done);
    assert!(run.wait().contains(&Action::Connect));
    run.input(Input::Opened);
    // The fresh one is over as well.
    run.input(closed(4001));
    assert!(run.done.contains(&Action::Finish), "{:?}", run.done);
}
