//! Messages between nodes while nothing breaks.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use roomcast_core::cluster::BootId;
use roomcast_core::cluster::peers::Header;
use roomcast_core::room::message::{Action, AttachmentId, Body, Message, Signal, SignalText, ToEdge, ToOwner};
use roomcast_protocol::signal::{Recipient, SignalKind};
use roomcast_server::cluster::{Receipt, encode_message, encode_packet};

use super::rooms::{Node, Told, message, publish, room, until};
use super::server::Redis;

#[tokio::test(flavor = "multi_thread")]
async fn messages_arrive_in_order_and_are_acknowledged() {
    let redis = Redis::start(&[]);
    let (one, two) = (Node::ready(&redis.url()).await, Node::ready(&redis.url()).await);
    let (here, there) = (room("here"), room("there"));
    let mut last = (0, 0);
    for number in 0..2000 {
        last = (one.send(&two, &here, number), two.send(&one, &there, number));
    }
    one.rooms.wait_number(1999).await;
    two.rooms.wait_number(1999).await;
    one.rooms.wait_acked(&here, two.boot(), last.0).await;
    two.rooms.wait_acked(&there, one.boot(), last.1).await;
    for node in [&one, &two] {
        assert_eq!(node.rooms.numbers(), (0..2000).map(Some).collect::<Vec<_>>(), "each once, without a doubt");
    }
    let acked = one.rooms.told().iter().filter(|told| matches!(told, Told::Acked(..))).count();
    assert!(acked < 200, "{acked} receipts for one room");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_nodes_with_many_rooms_hear_what_is_theirs() {
    let redis = Redis::start(&[]);
    let mut nodes = Vec::new();
    for _ in 0..3 {
        nodes.push(Node::ready(&redis.url()).await);
    }
    for (from, node) in nodes.iter().enumerate() {
        for to in (0..3).filter(|to| *to != from) {
            for index in 0..200 {
                node.send(&nodes[to], &room(&format!("room-{from}-{to}-{index}")), 7);
            }
        }
    }
    for (to, node) in nodes.iter().enumerate() {
        for from in (0..3).filter(|from| *from != to) {
            let last = room(&format!("room-{from}-{to}-199"));
            let is_last = |told: &Told| matches!(told, Told::Message(_, message) if message.room == last);
            node.rooms.wait("the last one", is_last).await;
            let every = room(&format!("room-{to}-{from}-0"));
            node.rooms.wait_acked(&every, nodes[from].boot(), 1).await;
        }
        assert_eq!(node.rooms.numbers(), vec![Some(7); 400]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_is_acknowledged_once_every_room_has_handled_it() {
    let redis = Redis::start(&[]);
    let (one, two) = (Node::ready(&redis.url()).await, Node::ready(&redis.url()).await);
    let (slow, quick) = (room("slow"), room("quick"));
    *two.rooms.slow.lock().expect("a room") = Some(slow.clone());
    one.send(&two, &slow, 1);
    two.rooms.wait_number(1).await;
    let last = one.send(&two, &quick, 2);
    two.rooms.wait_number(2).await;
    // Its packet says what was handled until then.
    two.send(&one, &quick, 3);
    one.rooms.wait_number(3).await;
    assert!(!one.rooms.has_acked(), "packets count as handled in order");
    two.rooms.unhandled.lock().expect("a list").clear();
    one.rooms.wait_acked(&slow, two.boot(), last).await;
    one.rooms.wait_acked(&quick, two.boot(), last).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_message_goes_alone() {
    let redis = Redis::start(&[]);
    let (one, two) = (Node::ready(&redis.url()).await, Node::ready(&redis.url()).await);
    let here = room("here");
    let mut large = message(&here, 0);
    let text: bytestring::ByteString = "x".repeat(1 << 20).into();
    let Body::ToOwner(ToOwner::Had(stay, _)) = large.body else { unreachable!("it is one") };
    let signal = Signal {
        action: Action::Relay(SignalKind::Offer),
        to: Some(Recipient::User(stay.member.user_id.clone())),
        text: SignalText { message: text, data: 0..1 << 20 },
    };
    large.body = Body::ToOwner(ToOwner::Signal(stay, roomcast_core::room::message::NumberedSignal { n: 1, signal }));
    one.send(&two, &here, 1);
    one.transport.send(two.boot(), &large, Receipt::Wanted).expect("it is sent");
    one.transport.publish_soon();
    one.send(&two, &here, 2);
    two.rooms.wait_number(2).await;
    let expected = [message(&here, 1), large, message(&here, 2)].map(|message| Told::Message(one.boot(), message));
    assert_eq!(two.rooms.told(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_for_rooms_that_are_not_there_are_answered() {
    let redis = Redis::start(&[]);
    let (one, two) = (Node::ready(&redis.url()).await, Node::ready(&redis.url()).await);
    let gone = room("gone");
    two.rooms.missing.lock().expect("a list").push(gone.clone());
    one.send(&two, &gone, 1);
    let not_owner = Body::ToEdge(ToEdge::NotOwner);
    let told = one.rooms.wait("an answer", |told| matches!(told, Told::Message(..))).await;
    assert_eq!(told, Told::Message(two.boot(), Message { body: not_owner, ..message(&gone, 1) }));
    let again = Message { body: Body::ToEdge(ToEdge::Again), ..message(&gone, 1) };
    one.transport.send(two.boot(), &again, Receipt::Unwanted);
    one.transport.publish_soon();
    let detach = Message { body: Body::ToOwner(ToOwner::Detach), ..message(&gone, 1) };
    one.rooms.wait("an answer", |told| *told == Told::Message(two.boot(), detach.clone())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_ends_its_attachment_or_is_a_loss() {
    let redis = Redis::start(&[]);
    let node = Node::ready(&redis.url()).await;
    // A node of which only the packets are there.
    let (here, from) = (room("here"), BootId(77));
    let answers = Answers::to(&redis, from).await;
    let send = |counter, messages: &[u8]| {
        publish(&redis, node.boot(), &encode_packet(from, Header { counter, had: 0 }, messages));
    };
    let unreadable = |message: &Message| {
        let mut bytes = encode_message(message);
        // The body is of no known kind.
        let body = bytes.len() - 7;
        bytes[body..].fill(0xFF);
        bytes
    };
    send(1, &[unreadable(&message(&here, 1)), encode_message(&message(&here, 2))].concat());
    node.rooms.wait_number(2).await;
    let detach = Message { body: Body::ToOwner(ToOwner::Detach), ..message(&here, 1) };
    assert_eq!(node.rooms.told()[0], Told::Message(from, detach), "the attachment ends for the owner");
    answers.wait(&Message { body: Body::ToEdge(ToEdge::Again), ..message(&here, 1) }).await;

    let attachment = AttachmentId { edge: node.boot(), counter: 9 };
    send(2, &unreadable(&Message { attachment, ..message(&here, 1) }));
    let again = Message { body: Body::ToEdge(ToEdge::Again), attachment, ..message(&here, 1) };
    node.rooms.wait("the edge's part", |told| *told == Told::Message(from, again.clone())).await;
    assert!(!node.rooms.told().contains(&Told::Doubt(from)));

    send(3, &[200]);
    node.rooms.wait_doubt(from).await;
    publish(&redis, node.boot(), b"\xFF nobody knows");
    send(4, &encode_message(&message(&here, 4)));
    node.rooms.wait_number(4).await;
    assert_eq!(node.rooms.numbers()[3..5], [None, Some(4)], "a packet without a sender is none");
}

/// Messages published to the channel of a node.
struct Answers {
    client: Child,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Answers {
    async fn to(redis: &Redis, node: BootId) -> Self {
        let (port, channel) = (redis.port.to_string(), format!("rc:{{{:016x}}}:n", node.0));
        let mut client = Command::new("redis-cli")
            .args(["-h", "127.0.0.1", "-p", &port, "SUBSCRIBE", &channel])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("redis-cli is installed");
        let mut output = client.stdout.take().expect("its output");
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let read = Arc::clone(&bytes);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                read.lock().expect("bytes").extend_from_slice(&buffer[..count]);
            }
        });
        let answers = Self { client, bytes };
        until("subscribed", || answers.contain(channel.as_bytes())).await;
        answers
    }

    fn contain(&self, wanted: &[u8]) -> bool {
        self.bytes.lock().expect("bytes").windows(wanted.len()).any(|bytes| bytes == wanted)
    }

    async fn wait(&self, message: &Message) {
        let encoded = encode_message(message);
        until("answered", || self.contain(&encoded)).await;
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        let _ = self.client.kill();
        let _ = self.client.wait();
    }
}
