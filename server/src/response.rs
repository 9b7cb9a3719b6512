//! Parts of answers over HTTP that every address needs: content codings, ranges, bodies in pieces, methods, CORS.

pub mod answer;
pub mod coding;
pub mod cors;
pub mod pieces;
pub mod range;
pub mod resource;
pub mod static_file;
pub mod text;
