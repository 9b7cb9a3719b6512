//! A value that is kept as it was written.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Visitor};

/// By this name [`Reader`](super::reader::Reader) knows that the text itself is wanted.
pub const NAME: &str = "roomcast::Raw";

/// A value as it was written. Read by this module's reader only.
#[derive(Debug, Clone, Copy)]
pub struct Raw<'a>(pub &'a str);

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AsWritten;
        impl<'de> Visitor<'de> for AsWritten {
            type Value = Raw<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Raw<'de>, E> {
                Ok(Raw(text))
            }
        }
        deserializer.deserialize_newtype_struct(NAME, AsWritten)
    }
}
