//! `roomcast key`: a secret of 256 bits, or a key pair of ES256.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::config::Key;

/// The bytes of a secret.
const SECRET: usize = 32;
/// The rights of a file that holds a secret, and of one that does not.
const OWNER_ONLY: u32 = 0o600;
const EVERYONE: u32 = 0o644;

/// A file that is made, with its content and its rights.
struct Made {
    name: &'static str,
    text: String,
    rights: u32,
}

/// Makes a key, and writes it into files or prints it.
///
/// # Errors
/// A sentence when a file is there already or cannot be written.
pub fn run(options: &Key) -> Result<(), String> {
    let made = if options.es256 { key_pair()? } else { vec![secret()] };
    match &options.out {
        Some(folder) => write(folder, &made),
        None => super::print(&made.iter().map(|made| made.text.as_str()).collect::<String>()),
    }
}

fn secret() -> Made {
    let mut bytes = [0_u8; SECRET];
    // At a command line `--auth-secret -x…` would be read as another flag.
    let text = loop {
        getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
        let text = URL_SAFE_NO_PAD.encode(bytes);
        if !text.starts_with('-') {
            break text;
        }
    };
    Made { name: "secret", text: format!("{text}\n"), rights: OWNER_ONLY }
}

fn key_pair() -> Result<Vec<Made>, String> {
    let failed = |_: aws_lc_rs::error::Unspecified| "the key pair could not be made".to_owned();
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
    let private = pair.to_pkcs8v1().map_err(failed)?;
    let jwks = json!({ "keys": [jwk(pair.public_key().as_ref())] });
    let jwks = serde_json::to_string_pretty(&jwks).map_err(|error| error.to_string())?;
    Ok(vec![
        Made { name: "private.pem", text: pem(private.as_ref()), rights: OWNER_ONLY },
        Made { name: "jwks.json", text: format!("{jwks}\n"), rights: EVERYONE },
    ])
}

/// A public key (RFC 7518, section 6.2), named by its thumbprint (RFC 7638). `point` is uncompressed: 4, x, y.
fn jwk(point: &[u8]) -> Value {
    let [x, y] = [&point[1..33], &point[33..]].map(|part| URL_SAFE_NO_PAD.encode(part));
    let thumbprint = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    let id = URL_SAFE_NO_PAD.encode(digest(&SHA256, thumbprint.as_bytes()));
    json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": id, "x": x, "y": y })
}

/// Returns a private key in PEM (RFC 7468, section 10).
fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy);
    let body: String = lines.map(|line| format!("{line}\n")).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{body}-----END PRIVATE KEY-----\n")
}

fn write(folder: &Path, made: &[Made]) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for file in made {
        let path = folder.join(file.name);
        // A key that is in use is not written over.
        let opened = OpenOptions::new().write(true).create_new(true).mode(file.rights).open(&path);
        let written = opened.and_then(|mut opened| opened.write_all(file.text.as_bytes()));
        written.map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_by_its_thumbprint() {
        // x and y of the key of RFC 7515, appendix A.3; the thumbprint was computed by another program (openssl).
        let [x, y] = ["f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"];
        let point = [&[4], &*URL_SAFE_NO_PAD.decode(x).unwrap(), &*URL_SAFE_NO_PAD.decode(y).unwrap()].concat();
        let jwk = jwk(&point);
        assert_eq!((jwk["x"].as_str(), jwk["y"].as_str()), (Some(x), Some(y)));
        assert_eq!(jwk["kid"], "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
    }

    #[test]
    fn secrets_are_long_enough_and_differ() {
        let (one, other) = (secret().text, secret().text);
        assert_eq!(URL_SAFE_NO_PAD.decode(one.trim()).unwrap().len(), SECRET);
        assert_ne!(one, other);
    }

    #[test]
    fn a_secret_is_never_read_as_a_flag() {
        // One text of 64 begins with a hyphen: of so many one would surely be found.
        assert!((0..4096).all(|_| !secret().text.starts_with('-')));
    }
}
