//! The rules of Roomcast, pure: no async, no clock, no socket, no randomness of its own.
