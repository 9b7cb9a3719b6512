//! A strict reader of media playlists: every line must be known, well-formed and where it belongs. Reads delta
//! updates as a player does, over an earlier version.

use std::collections::HashMap;

/// What a playlist says. Durations are in microseconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Playlist {
    /// The lines that may never change.
    pub fixed: Vec<String>,
    pub target: u64,
    pub part_target: u64,
    pub media_sequence: u64,
    pub discontinuity_sequence: u64,
    /// The last one may be open.
    pub segments: Vec<Segment>,
    pub hint: Option<String>,
    pub ended: bool,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Segment {
    pub discontinuity: bool,
    pub map: String,
    pub date: Option<String>,
    pub parts: Vec<Part>,
    pub gap: bool,
    pub duration: u64,
    /// Absent while it is open.
    pub uri: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    pub uri: String,
    pub duration: u64,
    pub gap: bool,
}

impl Playlist {
    /// Reads a whole playlist.
    pub fn read(text: &str) -> Self {
        Self::merge(None, text).unwrap()
    }

    /// Reads a playlist, what it skips being taken from an earlier version; `None` where that does not have it.
    pub fn merge(old: Option<&Self>, text: &str) -> Option<Self> {
        assert!(text.ends_with('\n') && !text.contains("\n\n") && text.is_ascii());
        let mut lines = text.lines();
        // Nothing skipped, nothing new: then the lower version is enough.
        let version = if text.contains("\n#EXT-X-SKIP") { "#EXT-X-VERSION:9" } else { "#EXT-X-VERSION:6" };
        for first in ["#EXTM3U", version, "#EXT-X-INDEPENDENT-SEGMENTS"] {
            assert_eq!(lines.next(), Some(first));
        }
        let mut playlist = Self::default();
        let (mut open, mut map, mut stage) = (Segment::default(), String::new(), 0);
        for line in lines {
            let next = stage_of(line);
            // There is one skip, behind the head.
            let in_place = next > stage || (next == stage && next != 1);
            assert!(in_place && !playlist.ended, "{line} is out of place in\n{text}");
            stage = next;
            match next {
                0 => playlist.head(line),
                1 => map = playlist.skip(line, old)?,
                2 => open.line(line, &mut map),
                _ => playlist.tail(line),
            }
            if open.uri.is_some() {
                playlist.segments.push(std::mem::take(&mut open));
            }
        }
        if open != Segment::default() {
            assert!(!playlist.ended && !open.parts.is_empty(), "only an open segment may lack its bytes\n{text}");
            open.map = map;
            playlist.segments.push(open);
        }
        playlist.check(text);
        Some(playlist)
    }

    /// Takes over what is skipped, and says with which map the list goes on. Part tags are gone so far from the end.
    fn skip(&mut self, line: &str, old: Option<&Self>) -> Option<String> {
        let count: u64 = line.split_once("SKIPPED-SEGMENTS=").unwrap().1.parse().unwrap();
        assert!(count > 0, "{line}");
        for msn in self.media_sequence..self.media_sequence + count {
            let known = old?.segment(msn).filter(|segment| segment.uri.is_some())?;
            assert!(!known.discontinuity, "a discontinuity is skipped");
            self.segments.push(Segment { parts: Vec::new(), ..known.clone() });
        }
        self.segments.last().map(|last| last.map.clone())
    }

    fn head(&mut self, line: &str) {
        let (tag, value) = line.split_once(':').unwrap();
        match tag {
            "#EXT-X-MEDIA-SEQUENCE" => return self.media_sequence = value.parse().unwrap(),
            "#EXT-X-DISCONTINUITY-SEQUENCE" => return self.discontinuity_sequence = value.parse().unwrap(),
            "#EXT-X-TARGETDURATION" => self.target = value.parse::<u64>().unwrap() * 1_000_000,
            "#EXT-X-PART-INF" => self.part_target = micros(&attributes(value)["PART-TARGET"]),
            _ => {
                let control = attributes(value);
                assert_eq!(control["CAN-BLOCK-RELOAD"], "YES");
                assert!(micros(&control["HOLD-BACK"]) >= 3 * self.target);
                assert!(micros(&control["CAN-SKIP-UNTIL"]) >= 6 * self.target);
            }
        }
        self.fixed.push(line.to_owned());
    }

    fn tail(&mut self, line: &str) {
        if line == "#EXT-X-ENDLIST" {
            self.ended = true;
            return;
        }
        let (tag, value) = line.split_once(':').unwrap();
        let mut attributes = attributes(value);
        if tag == "#EXT-X-PRELOAD-HINT" {
            assert_eq!(attributes["TYPE"], "PART");
            self.hint = attributes.remove("URI");
        } else {
            attributes["LAST-MSN"].parse::<u64>().unwrap();
        }
    }

    fn check(&self, text: &str) {
        assert!(!self.segments.is_empty() && self.fixed.len() == 3, "{text}");
        for segment in &self.segments {
            assert!(!segment.map.is_empty(), "{text}");
            assert!((segment.duration + 500_000) / 1_000_000 * 1_000_000 <= self.target, "{text}");
            assert!(segment.parts.iter().all(|part| part.duration <= self.part_target && part.duration > 0), "{text}");
        }
        let has_parts = self.segments.iter().any(|segment| !segment.parts.is_empty());
        assert_eq!(self.hint.is_some(), has_parts && !self.ended, "{text}");
        let behind = self.segments.iter().rev().scan(0, |sum, segment| {
            *sum += segment.length();
            Some((*sum - segment.length(), segment))
        });
        for (behind, segment) in behind {
            assert!(segment.parts.is_empty() || behind < 3 * self.target, "parts too far from the end\n{text}");
        }
    }

    /// Media sequence number of the last segment.
    pub fn last_msn(&self) -> u64 {
        self.media_sequence + self.segments.len() as u64 - 1
    }

    pub fn segment(&self, msn: u64) -> Option<&Segment> {
        self.segments.get(usize::try_from(msn.checked_sub(self.media_sequence)?).unwrap())
    }

    /// How much is listed behind a segment.
    pub fn length_behind(&self, msn: u64) -> u64 {
        (msn + 1..=self.last_msn()).filter_map(|msn| self.segment(msn)).map(Segment::length).sum()
    }

    /// Names of everything whose bytes must be there.
    pub fn uris(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().flat_map(|segment| {
            let parts = segment.parts.iter().filter(|part| !part.gap).map(|part| &part.uri[..]);
            parts.chain(segment.uri.as_deref().filter(|_| !segment.gap)).chain([&segment.map[..]])
        })
    }
}

impl Segment {
    fn line(&mut self, line: &str, map: &mut String) {
        let (tag, value) = line.split_once(':').unwrap_or((line, ""));
        match tag {
            "#EXT-X-DISCONTINUITY" => self.discontinuity = true,
            "#EXT-X-GAP" => self.gap = true,
            "#EXT-X-MAP" => *map = attributes(value).remove("URI").unwrap(),
            "#EXT-X-PROGRAM-DATE-TIME" => self.date = Some(value.to_owned()),
            "#EXTINF" => self.duration = micros(value.strip_suffix(',').unwrap()),
            "#EXT-X-PART" => {
                let mut part = attributes(value);
                let (uri, duration) = (part.remove("URI").unwrap(), micros(&part["DURATION"]));
                self.parts.push(Part { uri, duration, gap: part.contains_key("GAP") });
            }
            uri => {
                assert!(!uri.starts_with('#') && self.duration > 0, "{line}");
                self.uri = Some(uri.to_owned());
                self.map.clone_from(map);
            }
        }
        assert!(tag == "#EXT-X-PART" || self.parts.is_empty() || !tag.starts_with("#EXT-X") || tag == "#EXT-X-GAP");
    }

    fn length(&self) -> u64 {
        if self.uri.is_some() { self.duration } else { self.parts.iter().map(|part| part.duration).sum() }
    }
}

/// 0: about the playlist, 1: what is skipped, 2: about a segment, 3: behind the segments.
fn stage_of(line: &str) -> u8 {
    match line.split(':').next().unwrap() {
        "#EXT-X-TARGETDURATION" | "#EXT-X-SERVER-CONTROL" | "#EXT-X-PART-INF" => 0,
        "#EXT-X-MEDIA-SEQUENCE" | "#EXT-X-DISCONTINUITY-SEQUENCE" => 0,
        "#EXT-X-SKIP" => 1,
        "#EXT-X-DISCONTINUITY" | "#EXT-X-MAP" | "#EXT-X-PROGRAM-DATE-TIME" | "#EXT-X-PART" => 2,
        "#EXT-X-GAP" | "#EXTINF" => 2,
        "#EXT-X-PRELOAD-HINT" | "#EXT-X-RENDITION-REPORT" | "#EXT-X-ENDLIST" => 3,
        other if other.starts_with('#') => panic!("unknown tag {other}"),
        _ => 2,
    }
}

fn attributes(list: &str) -> HashMap<String, String> {
    let mut attributes = HashMap::new();
    for attribute in list.split(',') {
        let (name, value) = attribute.split_once('=').unwrap();
        let quoted = value.strip_prefix('"').map(|rest| rest.strip_suffix('"').unwrap());
        assert_eq!(quoted.is_some(), name == "URI", "{attribute}");
        assert!(attributes.insert(name.to_owned(), quoted.unwrap_or(value).to_owned()).is_none(), "{list}");
    }
    attributes
}

fn micros(seconds: &str) -> u64 {
    let (whole, fraction) = seconds.split_once('.').unwrap();
    assert!((1..=6).contains(&fraction.len()), "{seconds}");
    whole.parse::<u64>().unwrap() * 1_000_000 + format!("{fraction:0<6}").parse::<u64>().unwrap()
}
