//! The little of STUN that an allocation takes (RFC 8489): messages, long-term credentials. Pure.

use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest as _, Md5};
use sha1::Sha1;

/// The method that makes a relay.
pub const ALLOCATE: u16 = 0x0003;
/// The method that lengthens its life, or ends it.
pub const REFRESH: u16 = 0x0004;
/// The length of the id of a transaction.
pub const TRANSACTION: usize = 12;

const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const HEAD: usize = 20;
const SUCCESS: u16 = 0x0100;
const FAILURE: u16 = 0x0110;
/// The bits of a message's type that tell requests and answers apart.
const CLASS: u16 = 0x0110;

const USERNAME: u16 = 0x0006;
const INTEGRITY: u16 = 0x0008;
const ERROR: u16 = 0x0009;
const LIFETIME: u16 = 0x000d;
const REALM: u16 = 0x0014;
const NONCE: u16 = 0x0015;
const REQUESTED_TRANSPORT: u16 = 0x0019;
/// The attribute of a signature: four bytes of head, and SHA-1.
const SIGNATURE: usize = 24;

/// Credentials of a realm (RFC 8489, section 9.2).
#[derive(Debug)]
pub struct Credentials {
    username: String,
    realm: String,
    /// Nonce that the server wants to be repeated.
    pub nonce: Vec<u8>,
    key: [u8; 16],
}

impl Credentials {
    pub fn new(username: &str, password: &str, realm: &str, nonce: Vec<u8>) -> Self {
        let key = Md5::digest(format!("{username}:{realm}:{password}")).into();
        Self { username: username.to_owned(), realm: realm.to_owned(), nonce, key }
    }

    fn sign(&self, message: &[u8]) -> Hmac<Sha1> {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.update(message);
        mac
    }
}

/// A request.
#[derive(Debug)]
pub struct StunRequest(Vec<u8>);

impl StunRequest {
    pub fn new(method: u16, transaction: [u8; TRANSACTION]) -> Self {
        Self([&method.to_be_bytes()[..], &[0, 0], &COOKIE, &transaction].concat())
    }

    /// Asks for a relay over udp, the one that there is.
    pub fn over_udp(self) -> Self {
        self.with(REQUESTED_TRANSPORT, &[17, 0, 0, 0])
    }

    /// Asks for the end of a relay.
    pub fn for_no_time(self) -> Self {
        self.with(LIFETIME, &[0; 4])
    }

    fn with(mut self, kind: u16, value: &[u8]) -> Self {
        self.0.extend(kind.to_be_bytes());
        self.0.extend(u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        self.0.extend(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    /// Returns the message, signed where there are credentials.
    pub fn finish(self, credentials: Option<&Credentials>) -> Vec<u8> {
        let Some(credentials) = credentials else { return self.counted(0).0 };
        let request = self.with(USERNAME, credentials.username.as_bytes()).with(REALM, credentials.realm.as_bytes());
        // The length that is signed has the signature in it.
        let request = request.with(NONCE, &credentials.nonce).counted(SIGNATURE);
        let signature = credentials.sign(&request.0).finalize().into_bytes();
        request.with(INTEGRITY, &signature).0
    }

    fn counted(mut self, more: usize) -> Self {
        let length = u16::try_from(self.0.len() - HEAD + more).unwrap_or(u16::MAX);
        self.0[2..4].copy_from_slice(&length.to_be_bytes());
        self
    }
}

/// An answer.
#[derive(Debug)]
pub struct StunResponse {
    /// 200 for a success.
    pub status: u16,
    reason: String,
    pub realm: Option<String>,
    pub nonce: Option<Vec<u8>>,
    bytes: Vec<u8>,
    /// Offset at which the signature begins.
    signed_until: Option<usize>,
}

impl StunResponse {
    /// Takes an answer to a transaction apart; none for anything else.
    pub fn parse(bytes: &[u8], transaction: [u8; TRANSACTION]) -> Option<Self> {
        let (head, body) = bytes.split_at_checked(HEAD)?;
        let class = u16::from_be_bytes([head[0], head[1]]) & CLASS;
        let is_whole = usize::from(u16::from_be_bytes([head[2], head[3]])) == body.len();
        if !is_whole || head[4..8] != COOKIE || head[8..] != transaction || (class != SUCCESS && class != FAILURE) {
            return None;
        }
        let status = if class == SUCCESS { 200 } else { 0 };
        let bytes = bytes.to_vec();
        let mut answer = Self { status, reason: String::new(), realm: None, nonce: None, bytes, signed_until: None };
        let mut rest = body;
        while let Some((&[a, b, c, d], behind)) = rest.split_first_chunk() {
            let length = usize::from(u16::from_be_bytes([c, d]));
            let value = behind.get(..length)?;
            answer.take(u16::from_be_bytes([a, b]), value, HEAD + body.len() - rest.len());
            rest = behind.get(length.next_multiple_of(4)..)?;
        }
        Some(answer)
    }

    /// Takes an attribute that begins at an offset. What follows the signature counts for nothing.
    fn take(&mut self, kind: u16, value: &[u8], offset: usize) {
        if self.signed_until.is_some() {
            return;
        }
        match (kind, value) {
            (ERROR, [_, _, class, number, reason @ ..]) if self.status != 200 => {
                self.status = u16::from(*class) * 100 + u16::from(*number);
                self.reason = String::from_utf8_lossy(reason).into_owned();
            }
            (REALM, _) => self.realm = String::from_utf8(value.to_vec()).ok(),
            (NONCE, _) => self.nonce = Some(value.to_vec()),
            (INTEGRITY, _) if value.len() + 4 == SIGNATURE => self.signed_until = Some(offset),
            _ => {}
        }
    }

    /// Returns whether who answers knows the password.
    pub fn is_signed_by(&self, credentials: &Credentials) -> bool {
        let Some(end) = self.signed_until else { return false };
        let mut signed = self.bytes[..end].to_vec();
        let length = u16::try_from(end - HEAD + SIGNATURE).unwrap_or(u16::MAX);
        signed[2..4].copy_from_slice(&length.to_be_bytes());
        credentials.sign(&signed).verify_slice(&self.bytes[end + 4..end + SIGNATURE]).is_ok()
    }

    /// Returns the status in words.
    pub fn words(&self) -> String {
        match &*self.reason {
            "" => self.status.to_string(),
            reason => format!("{} {reason:?}", self.status),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: [u8; TRANSACTION] = [7; TRANSACTION];

    fn credentials() -> Credentials {
        Credentials::new("user", "pass", "example.org", b"nonce".to_vec())
    }

    /// An answer is signed as a request is.
    fn signed(kind: u16) -> Vec<u8> {
        StunRequest::new(kind, ID).with(LIFETIME, &[0, 0, 2, 0x58]).finish(Some(&credentials()))
    }

    #[test]
    fn a_signature_is_known_and_nothing_else_is_taken_for_one() {
        let bytes = signed(ALLOCATE | SUCCESS);
        let answer = StunResponse::parse(&bytes, ID).unwrap();
        assert_eq!((answer.status, answer.realm.as_deref()), (200, Some("example.org")));
        assert!(answer.is_signed_by(&credentials()));
        assert!(!answer.is_signed_by(&Credentials::new("user", "other", "example.org", Vec::new())));
        for at in [HEAD + 5, bytes.len() - 1] {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert!(!StunResponse::parse(&other, ID).unwrap().is_signed_by(&credentials()), "{at}");
        }
        let unsigned = StunRequest::new(ALLOCATE | SUCCESS, ID).finish(None);
        assert!(!StunResponse::parse(&unsigned, ID).unwrap().is_signed_by(&credentials()));
    }

    #[test]
    fn a_failure_tells_its_number_and_words() {
        let failed = StunRequest::new(ALLOCATE | FAILURE, ID).with(ERROR, b"\0\0\x04\x56Quota").with(NONCE, b"abc");
        let answer = StunResponse::parse(&failed.finish(None), ID).unwrap();
        assert_eq!((answer.status, answer.nonce.as_deref()), (486, Some(&b"abc"[..])));
        assert_eq!(answer.words(), "486 \"Quota\"");
    }

    #[test]
    fn what_is_no_answer_to_the_transaction_is_none() {
        let bytes = signed(ALLOCATE | SUCCESS);
        assert!(StunResponse::parse(&bytes, [8; TRANSACTION]).is_none());
        assert!(StunResponse::parse(&signed(ALLOCATE), ID).is_none(), "a request");
        for end in 0..bytes.len() {
            assert!(StunResponse::parse(&bytes[..end], ID).is_none(), "{end}");
        }
        // An attribute that is longer than the message.
        let mut long = bytes.clone();
        long[HEAD + 2] = 0xff;
        assert!(StunResponse::parse(&long, ID).is_none());
    }
}
