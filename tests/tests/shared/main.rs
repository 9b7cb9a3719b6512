//! Tests that hold for one node and for several alike.
//!
//! With `ROOMCAST_TEST_NODES=3` in the environment every server of these tests is three nodes on one Redis, and whoever
//! connects or asks comes to the next of them.

mod broadcasts;
mod calls;
mod dead_lines;
mod delivery;
mod groups;
mod moderators;
mod playlists;
mod renewing_clients;
mod resuming;
mod roles;
mod tokens;
mod uploads;
