//! Encoders that come, go and come back, without a server.
