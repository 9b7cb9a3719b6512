//! Streams from the outside: whole playlists, every refusal, and random uploads against a strict reader.

#![expect(clippy::unwrap_used, reason = "a test may")]

mod audience;
mod dates;
mod delta;
mod discontinuities;
mod feed;
mod golden;
mod lost;
mod nodes;
mod order;
mod orders;
mod presentation;
mod properties;
mod rates;
mod reader;
mod refusals;
mod renditions;
mod replicas;
mod retention;
mod rules;
mod sync;
mod whole;
mod wild;
