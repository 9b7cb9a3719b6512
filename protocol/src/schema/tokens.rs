//! `access-token.schema.json`: the claims of access tokens, and what `/auth/check` tells of one.

use serde_json::{Value, json};

use super::compose::{Document, constant, object_of};
use crate::access::{GRANT_CLAIM, Grant, MAX_META, MAX_NAME, Revoke};
use crate::id::UserId;

pub(super) fn access_token() -> Value {
    let mut document = Document::new();
    let (user, grant) = (document.reference::<UserId>(), document.reference::<Grant>());
    let described = |schema: &Value, text: &str| json!({ "allOf": [schema], "description": text });
    let time = |text: &str| json!({ "type": "number", "minimum": 0, "description": format!("{text}, in seconds since 1970.") });
    let words = |most: usize, text: &str| json!({ "type": "string", "maxLength": most, "description": text });
    let members = vec![
        ("sub", described(&user, "The subject: `userId` of the sessions, unless `fake` is granted.")),
        ("iat", time("Time of issue")),
        ("exp", time("End; at most 24 hours after `iat`, unless the server has another bound")),
        ("nbf", time("Time before which the token is refused")),
        ("iss", words(MAX_META, "The issuer; must be the server's, where it names one.")),
        (
            "aud",
            json!({ "type": ["string", "array"], "items": { "type": "string" },
            "description": "The audience; must name the server's, where it names one." }),
        ),
        ("jti", words(MAX_META, "The identifier of the token.")),
        ("name", words(MAX_NAME, "The name that others are shown, in `pps`; at most 128 bytes.")),
        ("meta", json!({ "type": "object", "description": format!("Anything; at most {MAX_META} bytes as JSON.") })),
        (
            GRANT_CLAIM,
            described(&grant, "The grants; absent: nothing is granted. A server may look under another name."),
        ),
    ];
    let optional = ["nbf", "iss", "aud", "jti", "name", "meta", GRANT_CLAIM];
    let token = object_of("AccessToken", "The claims of an access token (JWT, RFC 7519).", members, &optional);
    let check = vec![
        (
            "open",
            json!({ "type": "boolean", "description": "Whether the server wants no token; then nothing else is told." }),
        ),
        ("sub", user),
        ("iat", time("Time of issue")),
        ("exp", time("End")),
        ("name", words(MAX_NAME, "The name that others are shown.")),
        (GRANT_CLAIM, grant),
    ];
    let optional = ["sub", "iat", "exp", "name", GRANT_CLAIM];
    let check = object_of("AccessTokenCheck", "Facts about a token, in the answer of `/auth/check`.", check, &optional);
    let mut revoke = document.object::<Revoke>();
    revoke["title"] = json!("Revoke");
    revoke["minProperties"] = json!(1);
    let messages = vec![
        ("AccessToken".to_owned(), token),
        ("AccessTokenCheck".to_owned(), check),
        ("AccessTokenCheckAnswer".to_owned(), check_answer()),
        ("Revoke".to_owned(), revoke),
        ("RevokeAnswer".to_owned(), revoke_answer()),
    ];
    let text = "Access tokens of a server with a key, signed with HS256 by whoever runs the application.";
    document.finish("access-token", "AccessTokens", text, messages)
}

fn check_answer() -> Value {
    let body = json!({ "$ref": "#/$defs/AccessTokenCheck" });
    let members = vec![
        ("c", constant("The code of a success.", 200)),
        ("s", constant("The name of the answer.", "AUTH_CHECK")),
        ("b", body),
    ];
    object_of(
        "AccessTokenCheckAnswer",
        "Answer of `/auth/check` when the token is good, or none is wanted.",
        members,
        &[],
    )
}

fn revoke_answer() -> Value {
    let time = |text: &str| json!({ "type": "integer", "minimum": 0, "description": format!("{text}, in seconds since 1970.") });
    let times = vec![
        ("at", time("Time up to which the tokens were issued")),
        ("until", time("Time when the last of them has ended by itself")),
    ];
    let body = object_of("RevokeAnswerBody", "The tokens' times.", times, &[]);
    let members = vec![
        ("c", constant("The code of a success.", 200)),
        ("s", constant("The name of the answer.", "REVOKE")),
        ("b", body),
    ];
    object_of("RevokeAnswer", "Answer of `/api/revoke`.", members, &[])
}
