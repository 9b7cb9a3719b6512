//! The scripts, each with what it needs of the common parts.

use crate::backplane::Script;

macro_rules! scripts {
    ($($name:ident = $file:literal;)*) => {
        $(pub static $name: Script = Script::new(concat!(
            include_str!("clock.lua"), include_str!("common.lua"), include_str!($file)
        ));)*
    };
}

scripts! {
    LEASE = "lease.lua";
    LEAVE = "leave.lua";
    BEGIN = "begin.lua";
    LOOK = "look.lua";
    CLAIM = "claim.lua";
    ASSERT = "assert.lua";
    JOURNAL = "journal.lua";
    RELEASE = "release.lua";
    RENEW = "renew.lua";
}

/// Keeps entries that every node has.
pub static ENTRIES: Script = Script::new(concat!(include_str!("clock.lua"), include_str!("entries.lua")));

/// Reads the leases of the former design.
pub static FORMER: Script = Script::new(concat!(include_str!("clock.lua"), include_str!("former.lua")));
