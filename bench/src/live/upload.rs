//! The bytes of an upload: one data signal in either of its two forms, behind the head of the request.

use std::net::SocketAddr;

use clap::ValueEnum;

use super::clip::Clip;

/// Encoding of media in a data signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// `application/json`, media as base64.
    Json,
    /// `multipart/form-data`, media as it is.
    Multipart,
}

/// Between the parts of a body; the made-up media does not contain it.
const BOUNDARY: &str = "roomcast-bench-0e0f5ba1";

/// Target of uploads.
#[derive(Debug, Clone)]
pub struct Target {
    pub server: SocketAddr,
    pub path: String,
    pub token: String,
    pub form: Form,
}

/// A data signal: the part of the JSON in front of the media, and what is behind.
#[derive(Debug)]
pub struct Signal<'a> {
    pub number: u64,
    pub action: &'static str,
    /// The payload with `DATA` where the member with the media belongs.
    pub payload: String,
    /// The name of the part of a multipart body that has the media.
    pub part: &'static str,
    pub clip: &'a Clip,
}

impl Target {
    /// The whole request.
    pub fn request(&self, signal: &Signal<'_>) -> Vec<u8> {
        match self.form {
            Form::Json => {
                let body = signal.json(&format!(r#","data":"{}""#, signal.clip.base64));
                self.post("application/json", &[body.as_bytes()])
            }
            Form::Multipart => {
                let (part, json) = (signal.part, signal.json(""));
                let front = format!(
                    "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"signal\"\r\n\
                     Content-Type: application/json\r\n\r\n{json}\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; \
                     name=\"{part}\"; filename=\"{part}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
                );
                let back = format!("\r\n--{BOUNDARY}--\r\n");
                let kind = format!("multipart/form-data; boundary={BOUNDARY}");
                self.post(&kind, &[front.as_bytes(), &signal.clip.bytes, back.as_bytes()])
            }
        }
    }

    fn post(&self, kind: &str, body: &[&[u8]]) -> Vec<u8> {
        let Self { server, path, token, .. } = self;
        let length: usize = body.iter().map(|piece| piece.len()).sum();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {server}\r\nAuthorization: Bearer {token}\r\nContent-Type: {kind}\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        [&[head.as_bytes()], body].concat().concat()
    }
}

impl Signal<'_> {
    fn json(&self, data: &str) -> String {
        let Self { number, action, payload, clip, .. } = self;
        let payload = payload.replace("DATA", data);
        format!(
            r#"{{"action":"{action}","version":1,"id":"00000000-0000-4000-8000-{number:012x}","timestamp":"1732287600123","numbytes":{},"payload":{payload}}}"#,
            clip.bytes.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roomcast_protocol::data::{decode, decode_multipart};

    fn request(form: Form, clip: &Clip) -> Vec<u8> {
        let server = SocketAddr::from(([127, 0, 0, 1], 1));
        let target = Target { server, path: "/rooms/r/data".into(), token: "t".into(), form };
        let payload = r#"{"playlist":{"id":"main"},"variant":{"id":"v0"},"segment":{"id":"s0.m4s","sequence":0},"part":{"id":"p0.m4s","sequence":0,"duration":0.333333,"independent":trueDATA}}"#;
        target.request(&Signal { number: 7, action: "updatePart", payload: payload.into(), part: "data", clip })
    }

    #[test]
    fn both_forms_say_the_same() {
        let clip = Clip::new(100);
        let body = |form| {
            let request = request(form, &clip);
            let at = memchr::memmem::find(&request, b"\r\n\r\n").unwrap() + 4;
            let length = format!("Content-Length: {}\r\n", request.len() - at);
            assert!(memchr::memmem::find(&request[..at], length.as_bytes()).is_some());
            request[at..].to_vec()
        };
        let json = decode(&body(Form::Json)).unwrap();
        let multipart = body(Form::Multipart);
        let cut = |from: &[u8], to: &[u8]| {
            let start = memchr::memmem::find(&multipart, from).unwrap() + from.len();
            let end = memchr::memmem::find(&multipart[start..], to).unwrap();
            multipart[start..start + end].to_vec()
        };
        let signal = cut(b"application/json\r\n\r\n", b"\r\n--roomcast");
        let data = cut(b"octet-stream\r\n\r\n", b"\r\n--roomcast");
        assert_eq!(decode_multipart(&signal, Some(data.into()), None).unwrap(), json);
        assert_eq!(json.payload.media_bytes(), 100);
    }
}
