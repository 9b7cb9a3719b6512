//! RFC 6455 against the socket layer, through the example `echo`: the ground of the Autobahn test suite's cases 1
//! to 7, 9 and 10.

use roomcast_tests::raw::{BINARY, CLOSE, PING, PONG, Raw, TEXT, close_payload, frame, head};
use roomcast_tests::server::Server;

/// First bytes of frames that are no whole message.
const TEXT_BEGINS: u8 = 0x01;
const BINARY_BEGINS: u8 = 0x02;
const CONTINUES: u8 = 0x00;
const ENDS: u8 = 0x80;

async fn open(server: &Server) -> Raw {
    Raw::open(&server.address, "/echo").await
}

/// Sends bytes on a connection of its own and gives the code with which it is closed.
async fn closed_after(server: &Server, bytes: &[u8]) -> u16 {
    let mut peer = open(server).await;
    peer.send(bytes).await;
    peer.closed().await.0
}

#[tokio::test]
async fn messages_of_every_length_come_back_however_they_are_delivered() {
    let server = Server::echo(&["--max-frame", "100000"]).await;
    let mut peer = open(&server).await;
    for length in [0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537, 100_000] {
        let payload = vec![b'*'; length];
        for first in [TEXT, BINARY] {
            peer.frame(first, &payload).await;
            let echo = peer.next().await.unwrap();
            assert_eq!((echo.first, echo.payload.len()), (first, length));
        }
    }
    for byte in frame(TEXT, "delivered byte by byte: é".as_bytes()) {
        peer.send(&[byte]).await;
    }
    assert_eq!(peer.message().await, "delivered byte by byte: é".as_bytes());
    let many: Vec<u8> = (0..1000).flat_map(|index| frame(TEXT, index.to_string().as_bytes())).collect();
    peer.send(&many).await;
    for index in 0..1000 {
        assert_eq!(peer.message().await, index.to_string().as_bytes());
    }
}

#[tokio::test]
async fn what_is_longer_than_a_frame_is_answered_in_fragments() {
    let server = Server::echo(&[]).await;
    let mut peer = open(&server).await;
    let pieces = [vec![b'a'; 32_768], vec![b'b'; 32_768], vec![b'c'; 1]];
    for (first, piece) in [BINARY_BEGINS, CONTINUES, ENDS].into_iter().zip(&pieces) {
        peer.frame(first, piece).await;
    }
    for (first, piece) in [BINARY_BEGINS, CONTINUES, ENDS].into_iter().zip(&pieces) {
        let frame = peer.next().await.unwrap();
        assert_eq!((frame.first, &frame.payload), (first, piece));
    }
}

#[tokio::test]
async fn pings_are_answered_with_their_payload_also_between_fragments() {
    let server = Server::echo(&[]).await;
    let mut peer = open(&server).await;
    for payload in [&b""[..], b"hello", &[0, 255, 254, 253], &[0xfe; 125]] {
        peer.frame(PING, payload).await;
        let pong = peer.next().await.unwrap();
        assert_eq!((pong.first, &*pong.payload), (PONG, payload));
    }
    peer.frame(PONG, b"nobody asked").await;
    peer.frame(TEXT_BEGINS, b"one ").await;
    peer.frame(PING, b"between").await;
    assert_eq!(peer.next().await.unwrap().payload, b"between");
    peer.frame(CONTINUES, b"").await;
    peer.frame(PING, b"again").await;
    assert_eq!(peer.next().await.unwrap().payload, b"again");
    peer.frame(ENDS, b"message").await;
    assert_eq!(peer.message().await, b"one message");
}

#[tokio::test]
async fn text_may_be_cut_anywhere() {
    let server = Server::echo(&[]).await;
    let mut peer = open(&server).await;
    let text = "κόσμε 𝄞 \u{10ffff} \u{fffe} é".as_bytes();
    for cut in 0..=text.len() {
        peer.frame(TEXT_BEGINS, &text[..cut]).await;
        peer.frame(ENDS, &text[cut..]).await;
        assert_eq!(peer.message().await, text, "cut at {cut}");
    }
    for (index, byte) in text.iter().enumerate() {
        peer.frame(if index == 0 { TEXT_BEGINS } else { CONTINUES }, &[*byte]).await;
    }
    peer.frame(ENDS, b"").await;
    assert_eq!(peer.message().await, text);
}

#[tokio::test]
async fn text_that_is_no_utf_8_closes_with_1007() {
    let server = Server::echo(&[]).await;
    let bad: [&[u8]; 9] = [
        b"\xce\xba\xed\xa0\x80edited",
        b"\xf4\x90\x80\x80",
        b"\xc0\xaf",
        b"\xe0\x80\xaf",
        b"\x80",
        b"\xff",
        b"a\xc3",
        b"\xf8\x88\x80\x80\x80",
        b"\xed\xbf\xbf",
    ];
    for bytes in bad {
        assert_eq!(closed_after(&server, &frame(TEXT, bytes)).await, 1007, "{bytes:?}");
        let fragments = [frame(TEXT_BEGINS, &bytes[..1]), frame(ENDS, &bytes[1..])].concat();
        assert_eq!(closed_after(&server, &fragments).await, 1007, "{bytes:?} in fragments");
    }
}

#[tokio::test]
async fn text_that_cannot_become_utf_8_is_not_waited_for() {
    let server = Server::echo(&[]).await;
    let fragments = [frame(TEXT_BEGINS, b"\xf4"), frame(CONTINUES, b"\x90")].concat();
    assert_eq!(closed_after(&server, &fragments).await, 1007, "the last fragment never comes");
}

#[tokio::test]
async fn framing_errors_close_with_1002_after_what_came_before_them() {
    let server = Server::echo(&[]).await;
    let mut unmasked = frame(TEXT, b"");
    unmasked[1] &= 0x7f;
    let errors = [
        ("unmasked", unmasked),
        ("continuation of nothing", frame(ENDS, b"x")),
        ("continuation of nothing, not final", frame(CONTINUES, b"x")),
        ("text within a message", [frame(TEXT_BEGINS, b"a"), frame(TEXT, b"b")].concat()),
        ("binary within a message", [frame(TEXT_BEGINS, b"a"), frame(BINARY, b"b")].concat()),
        ("beginning within a message", [frame(BINARY_BEGINS, b"a"), frame(BINARY_BEGINS, b"b")].concat()),
        ("fragmented ping", frame(PING & 0x0f, b"x")),
        ("fragmented close", frame(CLOSE & 0x0f, b"")),
        ("ping of 126 bytes", frame(PING, &[0; 126])),
        ("close of 126 bytes", frame(CLOSE, &close_payload(1000, &"x".repeat(124)))),
        ("close of one byte", frame(CLOSE, b"x")),
        ("reason that is no UTF-8", frame(CLOSE, b"\x03\xe8\xff")),
    ];
    for (what, bytes) in errors {
        let mut peer = open(&server).await;
        peer.send(&[frame(TEXT, b"before"), bytes].concat()).await;
        assert_eq!(peer.next().await.unwrap().payload, b"before", "{what}");
        assert_eq!(peer.closed().await.0, 1002, "{what}");
    }
}

#[tokio::test]
async fn reserved_bits_and_opcodes_close_with_1002() {
    let server = Server::echo(&[]).await;
    for reserved in [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70] {
        for first in [TEXT, PING, CLOSE] {
            assert_eq!(closed_after(&server, &frame(first | reserved, b"")).await, 1002, "{reserved:x} {first:x}");
        }
    }
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        assert_eq!(closed_after(&server, &frame(0x80 | opcode, b"x")).await, 1002, "{opcode}");
    }
}

#[tokio::test]
async fn a_close_is_answered_in_kind() {
    let server = Server::echo(&[]).await;
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999] {
        let mut peer = open(&server).await;
        peer.frame(CLOSE, &close_payload(code, "good bye")).await;
        assert_eq!(peer.close_frame().await, code.to_be_bytes(), "{code}");
    }
    let mut peer = open(&server).await;
    peer.send(&[frame(CLOSE, b""), frame(TEXT, b"too late"), frame(PING, b"")].concat()).await;
    assert_eq!(peer.close_frame().await, b"");
}

#[tokio::test]
async fn close_codes_that_nobody_may_send_close_with_1002() {
    let server = Server::echo(&[]).await;
    for code in [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        assert_eq!(closed_after(&server, &frame(CLOSE, &close_payload(code, ""))).await, 1002, "{code}");
    }
}

#[tokio::test]
async fn what_is_too_big_closes_with_1009_and_costs_nothing() {
    let server = Server::echo(&[]).await;
    let mut warm = open(&server).await;
    warm.frame(TEXT, &[b'*'; 32_768]).await;
    warm.message().await;
    let before = server.memory();
    for length in [32_769, 131_073, 1 << 30, i64::MAX as u64] {
        let bytes = [frame(TEXT, b"before"), head(BINARY, length), vec![0; 20_000]].concat();
        let mut peer = open(&server).await;
        peer.send(&bytes).await;
        assert_eq!(peer.next().await.unwrap().payload, b"before");
        assert_eq!(peer.closed().await, (1009, "message too big".to_owned()), "{length}");
    }
    let mut flood = open(&server).await;
    flood.send(&head(BINARY, 1 << 30)).await;
    let mut sent = 0;
    while sent < 100 << 20
        && flood.stream.try_write(&[0; 65_536]).map_or_else(|e| e.kind() == std::io::ErrorKind::WouldBlock, |_| true)
    {
        sent += 65_536;
        tokio::task::yield_now().await;
    }
    assert!(server.memory() < before + 8 * 1024, "{} KiB, before {before}", server.memory());
    let mut fragmented = open(&server).await;
    for first in [TEXT_BEGINS, CONTINUES, CONTINUES, CONTINUES] {
        fragmented.frame(first, &[b'*'; 32_768]).await;
    }
    fragmented.frame(CONTINUES, b"*").await;
    assert_eq!(fragmented.closed().await.0, 1009);
}

#[tokio::test]
async fn megabytes_come_back_where_they_are_allowed() {
    let server = Server::echo(&["--max-frame", "20000000", "--max-message", "20000000"]).await;
    let mut peer = open(&server).await;
    let text: Vec<u8> = "é".repeat(4 << 20).into_bytes();
    peer.frame(TEXT, &text).await;
    assert!(peer.message().await == text);
    for (index, piece) in text.chunks(1 << 16).enumerate() {
        peer.frame(if index == 0 { TEXT_BEGINS } else { CONTINUES }, piece).await;
    }
    peer.frame(ENDS, b"").await;
    assert!(peer.message().await == text);
}

#[tokio::test]
async fn a_connection_that_was_closed_for_an_error_uses_no_processor() {
    let server = Server::echo(&[]).await;
    let mut peers = Vec::new();
    for _ in 0..20 {
        let mut peer = open(&server).await;
        peer.send(&[0x81, 0x01, b'x']).await;
        peers.push(peer);
    }
    for peer in &mut peers {
        assert_eq!(peer.closed().await.0, 1002);
    }
    let before = server.processor_time();
    let mut lively = open(&server).await;
    for _ in 0..100 {
        lively.frame(PING, b"").await;
        lively.next().await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let used = server.processor_time() - before;
    assert!(used.as_millis() < 100, "{used:?}");
}
