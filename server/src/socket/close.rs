//! Mapping from errors of the WebSocket codec to close codes.

use actix_http::ws::ProtocolError;

use roomcast_protocol::code::CloseCode;

/// Returns the close code for a frame that cannot be read.
pub fn close_code(error: &ProtocolError) -> CloseCode {
    match error {
        ProtocolError::Overflow => CloseCode::TooBig,
        // The codec reports text that is not UTF-8 this way; transport errors never reach it.
        ProtocolError::Io(io) if io.kind() == std::io::ErrorKind::Other => CloseCode::InvalidUtf8,
        _ => CloseCode::Protocol,
    }
}
