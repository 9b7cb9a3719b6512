//! The certificate of the server: made, read, renewed, refused.

use std::path::PathBuf;
use std::process::Command;

use reqwest::Client;
use roomcast_tests::raw::Raw;
use roomcast_tests::server::{Server, program};
use roomcast_tests::soon;
use tokio::io::AsyncReadExt as _;

/// Files of a certificate for 127.0.0.1, removed when dropped.
pub struct Files {
    pub folder: PathBuf,
    pub certificate: String,
    pub key: String,
}

impl Files {
    pub fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("roomcast-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a working machine");
        let path = |file: &str| folder.join(file).to_str().expect("a working machine").to_owned();
        let files = Self { certificate: path("cert.pem"), key: path("key.pem"), folder };
        files.renew();
        files
    }

    pub fn renew(&self) {
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a working machine");
        std::fs::write(&self.certificate, made.cert.pem()).expect("a working machine");
        std::fs::write(&self.key, made.signing_key.serialize_pem()).expect("a working machine");
    }

    pub fn flags(&self) -> [&str; 4] {
        ["--tls-cert", &self.certificate, "--tls-key", &self.key]
    }

    /// A client that trusts the certificate as it is now.
    pub fn client(&self) -> reqwest::ClientBuilder {
        let pem = std::fs::read(&self.certificate).expect("a working machine");
        Client::builder().tls_certs_only([reqwest::Certificate::from_pem(&pem).expect("a working machine")])
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn a_new_certificate_is_taken_while_the_server_runs() {
    let files = Files::new("renewed");
    let mut server = Server::start(&files.flags()).await;
    let (before, url) = (files.client().build().unwrap(), server.url("/healthz"));
    assert!(soon("an answer", before.get(&url).send()).await.is_ok());
    files.renew();
    server.signal("-HUP").await;
    server.logged("the certificate was read again").await;
    assert!(soon("an answer", files.client().build().unwrap().get(&url).send()).await.is_ok());
    std::fs::write(&files.key, "no key").unwrap();
    server.signal("-HUP").await;
    server.logged("the old certificate stays").await;
    assert!(soon("an answer", files.client().build().unwrap().get(&url).send()).await.is_ok());
}

#[test]
fn a_certificate_that_cannot_be_used_is_told_in_one_sentence() {
    let (files, other) = (Files::new("bad"), Files::new("other"));
    let nothing = files.folder.join("nothing").to_str().unwrap().to_owned();
    let empty = files.folder.join("empty").to_str().unwrap().to_owned();
    std::fs::write(&empty, "").unwrap();
    let encrypted = files.folder.join("encrypted.pem").to_str().unwrap().to_owned();
    std::fs::write(&encrypted, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIC\n-----END ENCRYPTED PRIVATE KEY-----\n")
        .unwrap();
    let old = files.folder.join("old.pem").to_str().unwrap().to_owned();
    std::fs::write(
        &old,
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIC\n-----END RSA PRIVATE KEY-----\n",
    )
    .unwrap();
    for (certificate, key, wrong, says) in [
        (&nothing, &files.key, &nothing, "No such file"),
        (&files.certificate, &nothing, &nothing, "No such file"),
        (&empty, &files.key, &empty, "there is no certificate in it"),
        (&files.key, &files.key, &files.key, "there is no certificate in it"),
        (&files.certificate, &empty, &empty, "there is no private key in it"),
        (&files.certificate, &encrypted, &encrypted, "the key is encrypted"),
        (&files.certificate, &old, &old, "the key is encrypted"),
        (&files.certificate, &other.key, &other.key, "is not the key of the certificate in"),
    ] {
        let mut command = Command::new(program());
        command.args(["serve", "--listen", "127.0.0.1:0", "--tls-cert", certificate, "--tls-key", key]);
        let ended = command.output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!((ended.status.code(), said.lines().count()), (Some(2), 1), "{said}");
        assert!(said.starts_with("roomcast: --tls-") && said.contains(wrong.as_str()) && said.contains(says), "{said}");
    }
}

#[tokio::test]
async fn plain_http_on_the_port_of_https_is_told_so() {
    let files = Files::new("plain");
    let mut server = Server::alone(&[&files.flags()[..], &["--log", "info,roomcast_server=debug"]].concat()).await;
    for sent in ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "PUT /x HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut raw = Raw::dial(&server.address).await;
        raw.send(sent.as_bytes()).await;
        let mut answer = String::new();
        soon("an answer", raw.stream.read_to_string(&mut answer)).await.expect("text");
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("This port speaks HTTPS"), "{answer}");
        server.logged("plain HTTP was sent to the port that speaks HTTPS").await;
    }
    // Anything else is disconnected without an answer.
    let mut raw = Raw::dial(&server.address).await;
    raw.send(b"\x00\x01\x02").await;
    let mut answer = Vec::new();
    let _ = soon("the end of the connection", raw.stream.read_to_end(&mut answer)).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    assert_eq!(files.client().build().unwrap().get(server.url("/healthz")).send().await.unwrap().status(), 200);
}
