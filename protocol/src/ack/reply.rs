//! A client's view of what the server says: an ack, or a signal forwarded from somebody else.

use serde::Deserialize;
use serde_json::Value;

/// What came from the server.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// An ack of the server's own.
    Ack(Ack),
    /// A signal of another member, with the recipient's sequence number.
    Forwarded {
        /// The recipient's sequence number.
        sequence: u64,
        /// The sender's `data` object.
        signal: Value,
    },
}

/// An ack as read.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Ack {
    /// The code's number; a client meets codes newer than itself.
    #[serde(rename = "c")]
    pub code: u16,
    /// What is acknowledged, without the `_ACK` that older servers put behind it.
    #[serde(rename = "s", deserialize_with = "plain_name")]
    pub name: String,
    /// The body.
    #[serde(rename = "b", default)]
    pub body: Value,
    /// The recipient's sequence number, in `PUBLISH_LIST_CHANGED`.
    #[serde(rename = "sq", default)]
    pub sequence: Option<u64>,
}

fn plain_name<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    Ok(name.strip_suffix("_ACK").map(str::to_owned).unwrap_or(name))
}

/// Reads a message of the server.
///
/// # Errors
/// When the text is neither an ack nor a forwarded signal.
pub fn read(text: &str) -> Result<Reply, serde_json::Error> {
    let value: Value = serde_json::from_str(text)?;
    if value.get("c").is_some() {
        return Ack::deserialize(value).map(Reply::Ack);
    }
    let sequence = value.get("sq").and_then(Value::as_u64);
    let sequence = sequence.ok_or_else(|| serde::de::Error::custom("neither an ack nor a forwarded signal"))?;
    Ok(Reply::Forwarded { sequence, signal: value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ack_is_told_from_a_forwarded_signal_by_its_code() {
        assert!(matches!(read(r#"{"c":200,"s":"LEAVE","b":{}}"#), Ok(Reply::Ack(_))));
        assert!(matches!(read(r#"{"sq":3,"s":"OFFER"}"#), Ok(Reply::Forwarded { sequence: 3, .. })));
        assert!(read(r#"{"s":"OFFER"}"#).is_err());
        assert!(read("7").is_err());
    }

    #[test]
    fn older_names_are_read() {
        let Ok(Reply::Ack(ack)) = read(r#"{"c":200,"s":"JOIN_ACK"}"#) else { panic!("no ack") };
        assert_eq!(ack.name, "JOIN");
    }
}
