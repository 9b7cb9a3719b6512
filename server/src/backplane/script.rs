//! A script that runs inside Redis. It is named by the hash of its content, so that several versions of the server can
//! coexist.

use std::fmt::Write as _;
use std::sync::OnceLock;

use sha1::{Digest, Sha1};

/// The source of a script and, once used, its name. Intended for a `static`.
#[derive(Debug)]
pub struct Script {
    source: &'static str,
    name: OnceLock<String>,
}

impl Script {
    /// Creates a script from Lua source.
    #[must_use]
    pub const fn new(source: &'static str) -> Self {
        Self { source, name: OnceLock::new() }
    }

    /// Returns the source code.
    pub(super) fn source(&self) -> &'static str {
        self.source
    }

    /// Returns the SHA-1 of the source in hexadecimal digits, which identifies the script in Redis.
    pub(super) fn name(&self) -> &str {
        self.name.get_or_init(|| {
            Sha1::digest(self.source.as_bytes()).iter().fold(String::with_capacity(40), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            })
        })
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_script_has_the_name_redis_gives_it() {
        // The answer of `SCRIPT LOAD "return 1"`.
        assert_eq!(super::Script::new("return 1").name(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    }
}
