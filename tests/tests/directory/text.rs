//! Text that the scripts read and answer.

use roomcast_core::cluster::directory::Era;
use roomcast_core::cluster::{BootId, Life, Ownership};
use roomcast_core::time::Instant;
use roomcast_tests::redis::resp::Reply;

pub fn hex(number: u64) -> String {
    format!("{number:016x}")
}

fn number(hex: &str) -> u64 {
    u64::from_str_radix(hex, 16).expect("hexadecimal digits")
}

pub fn life_text(life: Life) -> String {
    format!("{}{}", hex(life.created), hex(life.random))
}

pub fn era_text(era: Era) -> String {
    format!("{:x}:{}", era.master, era.began.0)
}

pub fn era_of(text: &str) -> Option<Era> {
    let (master, began) = text.split_once(':')?;
    Some(Era { master: number(master), began: Instant(began.parse().ok()?) })
}

/// Owner, life and term; none for nothing.
pub fn ownership_of(words: &[String]) -> Option<Ownership> {
    let [owner, life, term] = words else { return None };
    let (created, random) = life.split_at(16);
    Some(Ownership {
        life: Life { created: number(created), random: number(random) },
        term: number(term),
        owner: (!owner.is_empty()).then(|| BootId(number(owner))),
    })
}

/// The elements of a flat answer.
pub fn words(reply: &Reply) -> Vec<String> {
    let word = |reply: &Reply| match reply {
        Reply::Int(number) => number.to_string(),
        other => other.text().to_owned(),
    };
    reply.list().iter().map(word).collect()
}
