//! Vectors of data signals in their JSON form.

use serde_json::{Value, json};

use super::{Vectors, missing, with, wrong};

pub(super) fn vectors() -> Vec<Vectors> {
    vec![variant(), rendition(), segment(), part(), end()]
}

fn signal(action: &str, numbytes: u64, payload: &Value) -> Value {
    json!({ "action": action, "version": 1, "id": "67e55044-10b1-426f-9247-bb680e5fe0c8", "timestamp": "1732287600123",
        "numbytes": numbytes, "payload": payload })
}

fn common(signal: &Value) -> Vec<(String, Value)> {
    let mut invalid = missing(
        signal,
        &[
            "/action",
            "/version",
            "/id",
            "/timestamp",
            "/numbytes",
            "/payload",
            "/payload/playlist",
            "/payload/playlist/id",
        ],
    );
    invalid.extend(wrong(
        signal,
        vec![
            ("/action", json!("updateEverything"), "is no action"),
            ("/version", json!(2), "is another version"),
            ("/id", json!("1"), "is no UUID"),
            ("/timestamp", json!("yesterday"), "is no time"),
            ("/numbytes", json!(-1), "is negative"),
            ("/payload", json!([]), "is no object"),
            ("/payload/playlist/id", json!("../main"), "has a character that is not allowed"),
            ("/payload/playlist/id", json!(".."), "is no file name"),
        ],
    ));
    invalid
}

fn variant() -> Vectors {
    let variant = json!({ "id": "v0", "codecs": "avc1.42e01e,mp4a.40.2", "bandwidth": 800_000, "targetDuration": 1,
        "targetPartDuration": 0.35 });
    let payload = json!({ "playlist": { "id": "main" }, "variant": variant,
        "segment": { "map": { "id": "init-0.mp4", "data": "AAEC" } } });
    let full = signal("updateVariant", 3, &payload);
    let mut rich = with(&full, "/timestamp", json!(1_732_287_600_123_u64));
    rich["version"] = json!("1");
    rich["payload"]["playlist"]["version"] = json!("7");
    rich["payload"]["variant"]["version"] = json!(7);
    rich["payload"]["variant"]["audio"] = json!("sound");
    rich["payload"]["variant"]["resolution"] = json!("1280x720");
    rich["payload"]["variant"]["frameRate"] = json!(29.97);
    rich["payload"]["variant"]["independentSegments"] = json!(true);
    let mut whole = full.clone();
    whole["payload"]["variant"]["targetPartDuration"] = json!(0);
    whole["payload"]["variant"]["independentSegments"] = json!(false);
    let mut invalid = common(&full);
    invalid.extend(missing(
        &full,
        &[
            "/payload/variant",
            "/payload/segment",
            "/payload/segment/map",
            "/payload/variant/codecs",
            "/payload/variant/bandwidth",
            "/payload/variant/targetDuration",
            "/payload/variant/targetPartDuration",
        ],
    ));
    invalid.extend(wrong(
        &full,
        vec![
            ("/payload/variant/codecs", json!("avc1\"\n#EXT"), "would break out of its line"),
            ("/payload/variant/bandwidth", json!(0), "is 0"),
            ("/payload/variant/targetDuration", json!(0), "is 0"),
            ("/payload/variant/targetPartDuration", json!(3601), "is more than an hour"),
            ("/payload/variant/targetPartDuration", json!(-1), "is negative"),
            ("/payload/variant/independentSegments", json!("NO"), "is no boolean"),
            ("/payload/variant/resolution", json!("wide"), "is no resolution"),
            ("/payload/variant/frameRate", json!(0), "is 0"),
            ("/payload/segment/map/data", json!("A%=="), "is no base64"),
        ],
    ));
    Vectors { message: "UpdateVariant", valid: vec![full, rich, whole], invalid }
}

fn rendition() -> Vectors {
    let rendition = json!({ "id": "a0", "type": "AUDIO", "groupId": "sound", "name": "English", "targetDuration": 1,
        "targetPartDuration": 0.35 });
    let payload = json!({ "playlist": { "id": "main" }, "rendition": rendition,
        "segment": { "map": { "id": "init-a.mp4", "data": "AAEC" } } });
    let full = signal("updateRendition", 3, &payload);
    let mut rich = full.clone();
    for (name, value) in [
        ("language", json!("en-GB")),
        ("isDefault", json!(true)),
        ("autoSelect", json!(true)),
        ("channels", json!("2")),
    ] {
        rich["payload"]["rendition"][name] = value;
    }
    let mut invalid = common(&full);
    invalid.extend(missing(
        &full,
        &["/payload/rendition", "/payload/rendition/type", "/payload/rendition/groupId", "/payload/rendition/name"],
    ));
    invalid.extend(wrong(
        &full,
        vec![
            ("/payload/rendition/type", json!("SMELL"), "is no type"),
            ("/payload/rendition/name", json!("say \"cheese\""), "has a quote"),
            ("/payload/rendition/language", json!("en_GB"), "is no language tag"),
            ("/payload/rendition/isDefault", json!("YES"), "is no boolean"),
        ],
    ));
    Vectors { message: "UpdateRendition", valid: vec![full, rich], invalid }
}

fn segment() -> Vectors {
    let payload = json!({ "playlist": { "id": "main" }, "variant": { "id": "v0" },
        "segment": { "id": "s7.m4s", "sequence": 7, "duration": 1, "data": "AAEC" } });
    let full = signal("updateSegment", 3, &payload);
    let mut rich = full.clone();
    rich["payload"] = json!({ "playlist": { "id": "main" }, "rendition": { "id": "a0" }, "segment": { "id": "s7.m4s", "sequence": 7,
        "duration": 1.0027, "discontinuity": true, "programDateTime": "2024-11-22T15:00:00.123Z", "map": { "id": "init-a.mp4" },
        "data": "AAEC" } });
    let mut invalid = common(&full);
    invalid.extend(missing(
        &full,
        &[
            "/payload/variant",
            "/payload/segment",
            "/payload/segment/id",
            "/payload/segment/sequence",
            "/payload/segment/duration",
        ],
    ));
    invalid.extend(wrong(
        &full,
        vec![
            ("/payload/rendition", json!({ "id": "a0" }), "stands beside a variant"),
            ("/payload/segment/sequence", json!("7"), "is no number"),
            ("/payload/segment/duration", json!(-1), "is negative"),
            ("/payload/segment/programDateTime", json!("noon"), "is no date"),
            ("/payload/segment/map", json!("init.mp4"), "is no object"),
        ],
    ));
    Vectors { message: "UpdateSegment", valid: vec![full, rich], invalid }
}

fn part() -> Vectors {
    let payload = json!({ "playlist": { "id": "main" }, "variant": { "id": "v0" }, "segment": { "id": "s7.m4s", "sequence": 7 },
        "part": { "id": "p21.m4s", "sequence": 0, "duration": 0.33333, "independent": true, "data": "AAEC" } });
    let full = signal("updatePart", 3, &payload);
    let gap = signal(
        "updatePart",
        0,
        &json!({ "playlist": { "id": "main" }, "rendition": { "id": "a0" },
        "segment": { "id": "s7.m4s", "sequence": 7, "duration": 1, "discontinuity": false, "programDateTime": 1_732_287_600_000_u64 },
        "part": { "id": "p22.m4s", "sequence": 1, "duration": 0.35, "gap": true } }),
    );
    let mut invalid = common(&full);
    invalid.extend(missing(
        &full,
        &[
            "/payload/variant",
            "/payload/segment",
            "/payload/part",
            "/payload/part/id",
            "/payload/part/sequence",
            "/payload/part/duration",
            "/payload/segment/sequence",
        ],
    ));
    invalid.extend(wrong(
        &full,
        vec![
            ("/payload/rendition", json!({ "id": "a0" }), "stands beside a variant"),
            ("/payload/part/id", json!("p 21"), "has a character that is not allowed"),
            ("/payload/part/duration", json!(0), "is 0"),
            ("/payload/part/independent", json!("YES"), "is no boolean"),
            ("/payload/part/data", json!([0, 1, 2]), "is no text"),
        ],
    ));
    Vectors { message: "UpdatePart", valid: vec![full, gap], invalid }
}

fn end() -> Vectors {
    let full = signal("endStream", 0, &json!({ "playlist": { "id": "main" } }));
    let other = with(&full, "/payload/playlist/version", json!(3));
    let invalid = common(&full);
    Vectors { message: "EndStream", valid: vec![full, other], invalid }
}
