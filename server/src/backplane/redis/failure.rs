//! Classification of errors and values of the `redis` crate.

use redis::{RedisError, Value};

use super::advice::detail;
use super::permission;
use crate::backplane::{Failure, Reply};

/// Reaction to an error, besides reporting it to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consequence {
    /// None, since the connection is usable.
    None,
    /// The script has to be loaded again.
    LoadScript,
    /// The call timed out.
    TimedOut,
    /// The partition has moved or is moving to another server.
    Astray,
    /// The server is not (or no longer) the right one, and the address has to be looked up again.
    FindServer,
}

/// Classifies an error.
pub fn sort(error: &RedisError) -> (Failure, Consequence) {
    match error.code() {
        Some("NOSCRIPT") => (Failure::Unavailable, Consequence::LoadScript),
        Some("READONLY" | "LOADING" | "MASTERDOWN") => (Failure::Unavailable, Consequence::FindServer),
        Some("MOVED" | "ASK" | "TRYAGAIN" | "CLUSTERDOWN") => (Failure::Unavailable, Consequence::Astray),
        // Nothing is written then, and nothing is wrong with the connection.
        Some("NOREPLICAS" | "MISCONF" | "BUSY") => (Failure::Unavailable, Consequence::None),
        Some(code) if permission::is_lacking(code, &detail(error)) => {
            (Failure::Refused(format!("it {}", permission::refused(&detail(error)))), Consequence::None)
        }
        Some(code) => (Failure::Refused(format!("{code} {}", detail(error))), Consequence::None),
        None if error.is_timeout() => (Failure::Unknown, Consequence::TimedOut),
        None => (Failure::Unknown, Consequence::None),
    }
}

/// Converts a value to a reply.
pub fn reply(value: Value) -> Result<Reply, Failure> {
    Ok(match value {
        Value::Nil => Reply::Nil,
        Value::Int(number) => Reply::Int(number),
        Value::Boolean(yes) => Reply::Int(yes.into()),
        Value::BulkString(bytes) => Reply::Bytes(bytes.into()),
        Value::SimpleString(text) => Reply::Bytes(text.into_bytes().into()),
        Value::Okay => Reply::Bytes("OK".into()),
        Value::Array(values) | Value::Set(values) => {
            Reply::Array(values.into_iter().map(reply).collect::<Result<_, _>>()?)
        }
        Value::ServerError(error) => return Err(sort(&error.into()).0),
        other => return Err(Failure::Refused(format!("answered in a form that is not read: {other:?}"))),
    })
}
