//! Every sequence: numbers of the server, of other senders and of the client itself, and the resume token.

use serde_json::{Value, json};

use super::messages::{
    beaten, changed, gap, joined, joined_uncounted, keepalive, long, news, numbered, refused, resend, signal, unknown,
    welcome, wide, without,
};
use super::{Recorder, Sequence};
use crate::limits::{HURRYING_SIGNALS, NUMBERS_BELOW, RECEIVED_BYTES, RECEIVED_MESSAGES, UNCONFIRMED_SIGNALS};

pub(super) fn all() -> Vec<Sequence> {
    let recorders = received().into_iter().chain(resumed()).chain(senders()).chain(said()).chain(repeated());
    recorders.chain(unusual()).chain(bounds()).chain(tokens()).map(Recorder::end).collect()
}

/// A client that has joined for the first time.
fn member(name: &'static str) -> Recorder {
    Recorder::new(name).open().message(welcome())
}

/// A member with signals up to this number, whose connection is lost and open again.
fn back(name: &'static str, highest: u64) -> Recorder {
    member(name).messages(signal(1), highest).close().open()
}

fn with(mut message: Value, name: &str, value: Value) -> Value {
    message[name] = value;
    message
}

fn in_body(mut message: Value, name: &str, value: Value) -> Value {
    message["b"][name] = value;
    message
}

/// Numbers that the server gives.
fn received() -> Vec<Recorder> {
    vec![
        member("the first JOIN ack sets the highest number").message(signal(1)).beat(),
        Recorder::new("a new membership may begin with a number above 0")
            .open()
            .message(joined(false, 40, "t1", 1000))
            .message(signal(40))
            .message(signal(41)),
        member("numbers skip, which is no loss").message(signal(1)).message(signal(2)).message(signal(9)).beat(),
        member("a number that is not above the highest is dropped")
            .message(signal(1))
            .message(signal(5))
            .message(signal(5))
            .message(signal(3))
            .message(signal(6)),
        member("a list change has a number too").message(changed(1)).message(changed(1)).message(signal(2)),
        member("acks have no number")
            .message(signal(4))
            .message(keepalive())
            .message(refused("OFFER", 4003))
            .message(beaten(Some(1000)))
            .message(signal(5)),
        member("GAP moves the highest number to its end")
            .message(signal(3))
            .message(gap(4, 8))
            .message(signal(8))
            .message(signal(9)),
        member("GAP below the highest number moves nothing").message(signal(9)).message(gap(4, 8)).message(signal(10)),
        member("a message whose number is none is refused")
            .message(signal(1))
            .message(with(signal(2), "sq", json!("2")))
            .message(with(signal(2), "sq", json!(-2)))
            .message(with(changed(2), "sq", json!("2")))
            .message(json!("OFFER"))
            .message(signal(2)),
        member("a list change without a number is refused")
            .message(with(changed(1), "sq", Value::Null))
            .message(changed(1)),
    ]
}

/// Messages of a newer server, and messages that lack what they must have.
fn unusual() -> Vec<Recorder> {
    vec![
        member("a signal that is not known counts, with both of its numbers")
            .message(unknown(1, 501))
            .message(unknown(1, 501))
            .message(unknown(2, 501))
            .message(numbered(3, "bob", "b1", 501))
            .message(numbered(4, "bob", "b1", 502)),
        member("a message of the server that is not known counts where it has a number")
            .message(news(None))
            .message(news(Some(1)))
            .message(news(Some(1)))
            .message(signal(2)),
        member("a code that is not known changes nothing")
            .say("one")
            .message(refused("OFFER", 4999))
            .message(signal(1)),
        Recorder::new("an ack of JOIN that lacks a member is as good as none")
            .open()
            .message(without(welcome(), "/b/rt"))
            .message(without(welcome(), "/b/sq"))
            .message(without(welcome(), "/b/resumed"))
            .message(welcome()),
        member("a message that lacks its name or its number is refused, and changes nothing")
            .say("one")
            .message(signal(1))
            .message(without(signal(2), "/s"))
            .message(without(signal(2), "/sq"))
            .message(without(gap(2, 8), "/b/to"))
            .message(without(resend(1000), "/b/n"))
            .message(signal(2)),
        member("a member of a wrong type is as absent, and a message that needs it as none")
            .say("one")
            .message(with(refused("OFFER", 4003), "c", json!("4003")))
            .message(with(gap(2, 8), "c", json!(true)))
            .message(with(signal(2), "s", json!(["OFFER"])))
            .message(in_body(gap(2, 8), "to", json!("8")))
            .message(in_body(gap(2, 8), "to", Value::Null))
            .message(with(gap(2, 8), "b", json!([8])))
            .message(in_body(beaten(None), "n", json!("1001")))
            .message(in_body(beaten(None), "n", json!(-1)))
            .message(in_body(beaten(None), "n", Value::Null))
            .message(with(numbered(2, "bob", "b1", 501), "n", json!("501")))
            .message(numbered(3, "bob", "b1", 501)),
        Recorder::new("an ack of JOIN with a member of a wrong type is as good as none, and so is such a RESEND")
            .open()
            .message(in_body(welcome(), "rt", json!(7)))
            .message(in_body(welcome(), "sq", json!("0")))
            .message(in_body(welcome(), "sq", json!(-1)))
            .message(in_body(welcome(), "resumed", json!("false")))
            .message(in_body(welcome(), "n", json!("1000")))
            .message(in_body(welcome(), "n", json!(NUMBERS_BELOW)))
            .message(with(welcome(), "b", json!("b")))
            .message(welcome())
            .say("one")
            .message(in_body(resend(1000), "n", json!("1000")))
            .message(in_body(resend(1000), "n", json!(NUMBERS_BELOW)))
            .again()
            .message(in_body(welcome(), "n", Value::Null))
            .say("two"),
    ]
}

/// Joining again.
fn resumed() -> Vec<Recorder> {
    vec![
        back("after a resume the server says again what is missing, in order", 2)
            .message(joined(true, 5, "t2", 1000))
            .messages(signal(3), 3)
            .message(signal(6)),
        back("resumed by a server that knows of less: its number counts", 9)
            .message(joined(true, 5, "t2", 1000))
            .message(signal(5))
            .message(signal(6)),
        back("resumed by a server that knows of more: the own number counts", 3)
            .message(joined(true, 9, "t2", 1000))
            .message(signal(3))
            .message(signal(4)),
        back("not resumed: the server's number counts, though it is lower", 9)
            .message(joined(false, 0, "t2", 1000))
            .message(signal(1)),
        back("not resumed: the server's number counts, though it is higher", 3)
            .message(joined(false, 1024, "t2", 1000))
            .message(signal(1024))
            .message(signal(1025)),
        back("GAP comes behind the ack, and what is left behind GAP", 2)
            .message(joined(true, 9, "t2", 1000))
            .message(gap(3, 6))
            .messages(signal(7), 3)
            .beat(),
        back("a connection lost before the ack changes nothing", 2)
            .close()
            .open()
            .message(joined(true, 3, "t2", 1000))
            .message(signal(3)),
        back("an older name of the ack is read", 2)
            .message(with(joined(true, 2, "t2", 1000), "s", json!("JOIN_ACK")))
            .message(signal(3)),
        member("an ack of JOIN that nobody waits for is dropped")
            .message(joined(false, 7, "t2", 1000))
            .message(signal(1)),
        member("LEAVE ends the membership: the next JOIN is fresh, and numbers go on")
            .message(signal(1))
            .say("one")
            .say("two")
            .leave()
            .open()
            .message(joined(false, 0, "t9", 1002))
            .message(signal(1))
            .say("three"),
        member("LEAVE while the connection is down is not sent").message(signal(1)).close().say("one").leave().open(),
    ]
}

/// Numbers that other senders give.
fn senders() -> Vec<Recorder> {
    vec![
        member("after a takeover a signal that came before is dropped by its sender's number")
            .message(numbered(1, "bob", "b1", 501))
            .message(numbered(2, "bob", "b1", 502))
            .message(numbered(1026, "bob", "b1", 502))
            .message(numbered(1027, "bob", "b1", 503))
            .beat(),
        member("a sender that restarts goes on above, and may skip")
            .message(numbered(1, "bob", "b1", 501))
            .message(numbered(2, "bob", "b1", 90_001))
            .message(numbered(3, "bob", "b1", 502)),
        member("each session has its numbers")
            .message(numbered(1, "bob", "b1", 501))
            .message(numbered(2, "bob", "b2", 501))
            .message(numbered(3, "cat", "b1", 501))
            .message(numbered(4, "cat", "b1", 501)),
        member("signals of a sender that does not number are never repetitions")
            .message(numbered(1, "bob", "b1", 501))
            .message(signal(2))
            .message(signal(3)),
        member("numbers of senders are known beyond a resume and a leave")
            .message(numbered(1, "bob", "b1", 501))
            .close()
            .open()
            .message(joined(false, 1024, "t2", 1000))
            .message(numbered(1025, "bob", "b1", 501))
            .leave()
            .open()
            .message(joined(false, 0, "t3", 1000))
            .message(numbered(1, "bob", "b1", 501))
            .message(numbered(2, "bob", "b1", 502)),
    ]
}

/// Numbers of the client itself.
fn said() -> Vec<Recorder> {
    vec![
        member("signals are numbered as they are said, and kept until a heartbeat's ack confirms them")
            .say("one")
            .say("two")
            .say("three")
            .beat()
            .message(beaten(Some(1002)))
            .message(beaten(Some(1003))),
        member("a heartbeat's ack without a number confirms nothing")
            .say("one")
            .message(beaten(None))
            .message(beaten(Some(1001))),
        member("a heartbeat's ack that comes while JOIN is out sends nothing of what waits")
            .beat()
            .again()
            .say("one")
            .message(beaten(Some(1000)))
            .message(joined(true, 0, "t2", 1000)),
        member("a lower number confirms nothing again")
            .say("one")
            .say("two")
            .message(beaten(Some(1002)))
            .message(beaten(Some(1001)))
            .say("three"),
        member("a refused signal uses its number up, and is kept until it is confirmed")
            .say("one")
            .message(refused("OFFER", 4003))
            .say("two")
            .message(beaten(Some(1002))),
        member("what is said without a connection waits, and gets its number when it is written")
            .close()
            .say("one")
            .open()
            .say("two")
            .message(joined(true, 0, "t2", 1000)),
        Recorder::new("what is said before the first ack waits").say("one").open().say("two").message(welcome()),
        member("the server knows of higher numbers of this session: they go on above them")
            .close()
            .open()
            .message(joined(false, 0, "t2", 7000))
            .say("one"),
    ]
}

/// Saying again.
fn repeated() -> Vec<Recorder> {
    vec![
        member("after a lost connection what is kept is said again, in order and before anything new")
            .say("one")
            .say("two")
            .say("three")
            .close()
            .say("four")
            .open()
            .message(joined(true, 0, "t2", 1001)),
        member("a JOIN ack that confirms everything leaves nothing to say again")
            .say("one")
            .say("two")
            .close()
            .open()
            .message(joined(true, 0, "t2", 1002))
            .say("three"),
        member("not resumed: what is kept is said again as well")
            .say("one")
            .close()
            .open()
            .message(joined(false, 0, "t2", 1000)),
        member("after a second loss it is said once more")
            .say("one")
            .close()
            .open()
            .message(joined(true, 0, "t2", 1000))
            .close()
            .open()
            .message(joined(true, 0, "t3", 1000)),
        member("JOIN over the same connection has what is kept said again")
            .say("one")
            .say("two")
            .again()
            .message(joined(true, 0, "t2", 1001)),
        member("RESEND has everything above its number said again")
            .say("one")
            .say("two")
            .say("three")
            .message(resend(1001)),
        member("RESEND of nothing").say("one").message(resend(1001)),
        member("while JOIN has no ack RESEND counts for nothing")
            .say("one")
            .again()
            .message(resend(1000))
            .message(joined(true, 0, "t2", 1000)),
        member("a server that does not count: what is kept goes out once more, and nothing has a number from then on")
            .say("one")
            .close()
            .open()
            .message(joined_uncounted(true, 0, "t2"))
            .say("two")
            .close()
            .open()
            .message(joined(true, 0, "t3", 1001))
            .say("three"),
    ]
}

/// Bounds of what is kept on either side.
fn bounds() -> Vec<Recorder> {
    let (most, hurrying) = (UNCONFIRMED_SIGNALS as u64, HURRYING_SIGNALS as u64);
    let messages = RECEIVED_MESSAGES as u64;
    // As many as fill the bytes but for one message, whose JSON has a few hundred bytes beside the description.
    let (length, few) = (16_000, (RECEIVED_BYTES / 17_000) as u64);
    vec![
        member("with many unconfirmed the client beats at once, and with too many saying more fails")
            .say_often("x", hurrying - 1)
            .say("x")
            .say_often("x", most - hurrying)
            .say("too much")
            .message(beaten(Some(1001)))
            .say("one more"),
        member("so many messages received are acknowledged at once, without asking for an ack")
            .messages(signal(1), messages - 1)
            .message(signal(messages))
            .messages(signal(messages + 1), messages - 1)
            .message(signal(2 * messages)),
        member("a heartbeat begins the count anew, and dropped messages count")
            .messages(signal(1), messages - 1)
            .beat()
            .message(signal(messages))
            .messages(signal(1), messages - 2)
            .message(changed(messages + 1)),
        member("so many bytes received are acknowledged at once")
            .messages(long(1, length), few)
            .messages(long(few + 1, length), 2),
        member("bytes are those of the text in UTF-8")
            .messages(wide(1, length), few)
            .messages(wide(few + 1, length), 2),
    ]
}

/// The resume token.
fn tokens() -> Vec<Recorder> {
    vec![
        back("each JOIN brings the token of the last ack", 1)
            .message(joined(true, 1, "t2", 1000))
            .close()
            .open()
            .message(joined(true, 1, "t3", 1000))
            .close(),
        back("an ack that is lost: JOIN brings the same token again, which the server takes once more", 1)
            .close()
            .open()
            .close()
            .open()
            .message(joined(true, 1, "t4", 1000)),
        back("a refused JOIN changes nothing", 1).message(refused("JOIN", 4051)),
        back("a JOIN that is answered 503 changes nothing", 1)
            .message(refused("JOIN", 503))
            .close()
            .open()
            .message(joined(true, 1, "t2", 1000)),
    ]
}
