//! The published form of the protocol, made from the types: JSON Schema 2020-12, codes, limits and vectors.
//!
//! [`files`] gives every file of the folder `schema/`; a test holds the committed ones against it. What other
//! people build on is written here and nowhere by hand.

mod asyncapi;
mod bundle;
mod catalogue;
mod compose;
mod limits;
mod machine;
mod messages;
mod openapi;
pub mod recorded;
mod sequences;
mod tokens;
pub mod typescript;
pub mod vectors;

use serde::Serialize;
use serde_json::Value;

pub use vectors::Vectors;

use crate::client;

/// The version of the published schema, part of every `$id`.
pub const VERSION: &str = "1.0.0";

/// One published file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path within the folder `schema/`.
    pub path: String,
    /// Its text.
    pub text: String,
}

impl File {
    fn json(path: &str, content: &impl Serialize) -> Self {
        let text = serde_json::to_string_pretty(content).expect("a document serialises") + "\n";
        Self { path: path.to_owned(), text }
    }
}

/// Every published file that is made from the types.
#[must_use]
pub fn files() -> Vec<File> {
    let mut files: Vec<File> = documents().into_iter().map(|(path, content)| File::json(&path, &content)).collect();
    files.push(File::json("state-machine.json", &client::describe()));
    files.push(File::json("vectors/state-machine.json", &client::trace::vectors(VERSION)));
    files.push(File::json("vectors/sequences.json", &client::sequence::sequences(VERSION)));
    files.extend(vectors::files());
    files
}

fn documents() -> Vec<(String, Value)> {
    let name = |name: &str| format!("{name}.schema.json");
    vec![
        (name("client-messages"), messages::client_messages()),
        (name("server-messages"), messages::server_messages()),
        (name("data-signals"), messages::data_signals()),
        (name("data-answers"), messages::data_answers()),
        (name("access-token"), tokens::access_token()),
        (name("codes"), catalogue::schema()),
        (name("limits"), limits::schema()),
        (name("state-machine"), machine::table()),
        (name("state-machine-traces"), machine::traces()),
        (name("sequences"), sequences::schema()),
        (name("media"), recorded::media()),
        (name("playlists"), recorded::playlists()),
        (name("exchanges"), recorded::exchanges()),
        ("codes.json".into(), catalogue::codes()),
        ("limits.json".into(), limits::limits()),
        (name("types"), bundle::types()),
        ("asyncapi.json".into(), bundle::contain(asyncapi::asyncapi())),
        ("openapi.json".into(), bundle::contain(openapi::openapi())),
    ]
}
