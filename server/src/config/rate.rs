//! The value of `--rate-limit`: `200,1MiB` or `off`.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use bytesize::ByteSize;
use serde::{Serialize, Serializer};

use roomcast_protocol::limits;

use super::value::size;
use crate::socket::Rate;

/// The least bytes a second: less, and joining a room alone is too much.
const LEAST_BYTES: NonZeroU64 = NonZeroU64::new(4096).expect("it is not 0");

/// A rate, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit(pub Option<Rate>);

impl Default for RateLimit {
    fn default() -> Self {
        Self(Some(Rate { messages: limits::RATE_MESSAGES, bytes: limits::RATE_BYTES }))
    }
}

impl FromStr for RateLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self(None));
        }
        let (messages, bytes) =
            text.split_once(',').ok_or("must be off, or messages and bytes a second, such as 200,1MiB")?;
        let messages = messages.trim().parse::<NonZeroU64>();
        let messages = messages.map_err(|_| "must begin with a whole number of messages above 0, such as 200,1MiB")?;
        let bytes = NonZeroU64::new(size(bytes.trim())?.as_u64()).filter(|bytes| *bytes >= LEAST_BYTES);
        let bytes = bytes.ok_or("must end with at least 4KiB a second, such as 200,1MiB")?;
        Ok(Self(Some(Rate { messages, bytes })))
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(rate) => write!(f, "{},{}", rate.messages, ByteSize(rate.bytes.get())),
            None => f.write_str("off"),
        }
    }
}

impl Serialize for RateLimit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_read_as_they_are_written() {
        for text in ["off", "200,1.0 MiB", "7,4.0 KiB"] {
            assert_eq!(text.parse::<RateLimit>().unwrap().to_string(), text);
        }
        assert_eq!("200,1MiB".parse(), Ok(RateLimit::default()));
        for bad in ["", "200", "0,1MiB", "200,0", "x,1MiB", "200,much", "-1,1MiB", "200,4095B"] {
            assert!(bad.parse::<RateLimit>().is_err(), "{bad}");
        }
    }
}
