//! The certificate of the server: made, read, renewed, refused.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, SystemTime};

use reqwest::Client;
use roomcast_tests::raw::Raw;
use roomcast_tests::server::{Server, program};
use roomcast_tests::with_timeout;
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

    /// Makes the certificate one of these days.
    pub fn renew_from_to(&self, begin: SystemTime, end: SystemTime) {
        let mut params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
        (params.not_before, params.not_after) = (begin.into(), end.into());
        let key = rcgen::KeyPair::generate().expect("a working machine");
        let made = params.self_signed(&key).expect("a working machine");
        std::fs::write(&self.certificate, made.pem()).expect("a working machine");
        std::fs::write(&self.key, key.serialize_pem()).expect("a working machine");
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
    assert!(with_timeout("an answer", before.get(&url).send()).await.is_ok());
    files.renew();
    server.signal("-HUP").await;
    server.logged("the certificate was read again").await;
    assert!(with_timeout("an answer", files.client().build().unwrap().get(&url).send()).await.is_ok());
    std::fs::write(&files.key, "no key").unwrap();
    server.signal("-HUP").await;
    server.logged("the old certificate stays").await;
    assert!(with_timeout("an answer", files.client().build().unwrap().get(&url).send()).await.is_ok());
}

#[tokio::test]
async fn a_certificate_that_cannot_be_read_again_is_told_under_the_name_that_was_given() {
    let files = Files::new("named");
    let variables = [("ROOMCAST_TLS_CERT", &files.certificate), ("ROOMCAST_TLS_KEY", &files.key)];
    let (settings, folder) = (Files::new("named-file"), files.folder.display());
    let text = format!("tls_cert = {:?}\ntls_key = {:?}\n", settings.certificate, settings.key);
    let file = settings.folder.join("roomcast.toml").display().to_string();
    std::fs::write(&file, text).unwrap();
    let mut by_variables = Command::new(program());
    by_variables.envs(variables);
    let mut by_file = Command::new(program());
    by_file.env("ROOMCAST_CONFIG", &file);
    for (mut command, key, says) in [
        (
            by_variables,
            &files.key,
            format!("the old certificate stays: ROOMCAST_TLS_KEY \"{folder}/key.pem\": there is"),
        ),
        (by_file, &settings.key, format!("stays: tls_key in {file} {:?}: there is no private key", settings.key)),
    ] {
        command.args(["serve", "--listen", "127.0.0.1:0", "--workers", "1"]);
        let mut server = Server::run(command.into()).await;
        std::fs::write(key, "no key").unwrap();
        server.signal("-HUP").await;
        server.logged(&says).await;
    }
}

#[tokio::test]
async fn beside_a_broken_settings_file_the_certificate_named_last_is_read_again() {
    let (first, second) = (Files::new("named-first"), Files::new("named-second"));
    let file = first.folder.join("roomcast.toml").display().to_string();
    let naming = |files: &Files| format!("tls_cert = {:?}\ntls_key = {:?}\n", files.certificate, files.key);
    std::fs::write(&file, naming(&first)).unwrap();
    let mut command = Command::new(program());
    command.args(["serve", "--listen", "127.0.0.1:0", "--workers", "1", "--config", &file]);
    let mut server = Server::run(command.into()).await;
    for text in [naming(&second), "max_roomz = 5".to_owned()] {
        std::fs::write(&file, text).unwrap();
        second.renew();
        server.signal("-HUP").await;
        server.logged("the certificate was read again").await;
        let answer = second.client().build().unwrap().get(server.url("/healthz")).send();
        assert!(with_timeout("an answer", answer).await.is_ok());
    }
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
        with_timeout("an answer", raw.stream.read_to_string(&mut answer)).await.expect("text");
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("This port speaks HTTPS"), "{answer}");
        server.logged("plain HTTP was sent to the port that speaks HTTPS").await;
    }
    // Anything else is disconnected without an answer.
    let mut raw = Raw::dial(&server.address).await;
    raw.send(b"\x00\x01\x02").await;
    let mut answer = Vec::new();
    let _ = with_timeout("the end of the connection", raw.stream.read_to_end(&mut answer)).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    assert_eq!(files.client().build().unwrap().get(server.url("/healthz")).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_dates_of_a_certificate_are_judged_by_check_at_the_start_and_on_sighup() {
    let files = Files::new("dates");
    let (now, day) = (SystemTime::now(), Duration::from_secs(24 * 3600));
    let mut server = Server::start(&files.flags()).await;
    for (begin, end, code, says) in [
        (now - day * 9, now - day * 2, 2, "the certificate has expired at"),
        (now + day, now + day * 90, 2, "the certificate is not valid before"),
        (now - day, now + day * 6, 0, "warning: "),
        (now - day, now + day * 90, 0, ""),
    ] {
        files.renew_from_to(begin, end);
        let check =
            Command::new(program()).args(["check", "--max-connections=1"]).args(files.flags()).output().unwrap();
        let said = String::from_utf8(check.stderr).unwrap();
        assert_eq!((check.status.code(), said.lines().count()), (Some(code), usize::from(!says.is_empty())), "{said}");
        assert!(said.contains(says) && (said.is_empty() || said.contains("--tls-cert")), "{said}");
        let says = if says == "warning: " { "the certificate expires at" } else { says };
        server.signal("-HUP").await;
        server.logged("the certificate was read again").await;
        if !says.is_empty() {
            server.logged(says).await;
            let mut command = Command::new(program());
            command.args(["serve", "--listen", "127.0.0.1:0", "--workers", "1"]).args(files.flags());
            let warned = Server::run_unread(command.into()).logged(says).await;
            assert!(warned.contains("WARN"), "{warned}");
        }
    }
}
