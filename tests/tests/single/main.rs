//! Tests of one server process: its sockets, its limits, its memory, its command line.
//!
//! One binary for all, as each is linked with everything there is.

mod access;
mod access_commands;
mod access_keys;
mod access_publish;
mod bad_input;
mod certificate;
mod conformance;
mod connections;
mod deployment;
mod early_answers;
mod encoders;
mod encodings;
mod footprint;
mod handshakes;
mod ice_servers;
mod methods;
mod numbers;
mod program;
mod published;
mod publisher;
mod publishing;
mod redis_settings;
mod settings;
mod settings_file;
mod signals;
mod transport;
