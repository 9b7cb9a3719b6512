//! The scripts, each with the common parts that it needs.

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

/// The script that stores entries shared by all nodes.
pub static ENTRIES: Script = Script::new(concat!(include_str!("clock.lua"), include_str!("entries.lua")));

/// The script that reads the leases of the former design.
pub static FORMER: Script = Script::new(concat!(include_str!("clock.lua"), include_str!("former.lua")));
