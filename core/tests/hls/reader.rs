//! A strict reader of media playlists: every line must be known, well-formed and where it belongs. Reads delta
//! updates as a player does, over an earlier version.

use std::collections::HashMap;

/// A parsed media playlist. Durations are in microseconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Playlist {
    /// The lines that may never change.
    pub fixed: Vec<String>,
    /// Whether it promises that every segment begins with a sync sample.
    pub independent_segments: bool,
    pub target: u64,
    /// 0 in a stream without parts, as is the next.
    pub part_target: u64,
    pub part_hold_back: u64,
    /// Whether it offers to hold requests back.
    pub blocks: bool,
    pub media_sequence: u64,
    pub discontinuity_sequence: u64,
    /// The last one may be open.
    pub segments: Vec<Segment>,
    pub hint: Option<String>,
    pub reports: Vec<Report>,
    pub ended: bool,
}

/// Position of another track, by the address of its playlist.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    pub uri: String,
    pub msn: u64,
    pub part: Option<u64>,
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
    rank: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    pub uri: String,
    pub duration: u64,
    pub independent: bool,
    pub gap: bool,
}

/// The tags of a segment in their order, the last being its address.
const ORDER: [&str; 7] =
    ["#EXT-X-DISCONTINUITY", "#EXT-X-MAP", "#EXT-X-PROGRAM-DATE-TIME", "#EXT-X-PART", "#EXT-X-GAP", "#EXTINF", ""];

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
        for first in ["#EXTM3U", version] {
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
        crate::rules::check(&playlist, text);
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
        let (tag, value) = line.split_once(':').unwrap_or((line, ""));
        match tag {
            "#EXT-X-INDEPENDENT-SEGMENTS" => self.independent_segments = true,
            "#EXT-X-MEDIA-SEQUENCE" => return self.media_sequence = value.parse().unwrap(),
            "#EXT-X-DISCONTINUITY-SEQUENCE" => return self.discontinuity_sequence = value.parse().unwrap(),
            "#EXT-X-TARGETDURATION" => self.target = value.parse::<u64>().unwrap() * 1_000_000,
            "#EXT-X-PART-INF" => self.part_target = micros(&attributes(value)["PART-TARGET"]),
            _ => {
                let control = attributes(value);
                self.blocks = control.get("CAN-BLOCK-RELOAD").map(|value| assert_eq!(value, "YES")).is_some();
                assert!(micros(&control["HOLD-BACK"]) >= 3 * self.target);
                self.part_hold_back = control.get("PART-HOLD-BACK").map_or(0, |value| micros(value));
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
        let attributes = attributes(value);
        if tag == "#EXT-X-PRELOAD-HINT" {
            assert!(self.hint.is_none() && self.reports.is_empty(), "{line}");
            assert_eq!(attributes["TYPE"], "PART");
            self.hint = Some(attributes["URI"].clone());
        } else {
            let part = attributes.get("LAST-PART").map(|part| part.parse().unwrap());
            self.reports.push(Report {
                uri: attributes["URI"].clone(),
                msn: attributes["LAST-MSN"].parse().unwrap(),
                part,
            });
        }
    }

    /// Media sequence number of the last segment.
    pub fn last_msn(&self) -> u64 {
        self.media_sequence + self.segments.len() as u64 - 1
    }

    pub fn segment(&self, msn: u64) -> Option<&Segment> {
        self.segments.get(usize::try_from(msn.checked_sub(self.media_sequence)?).unwrap())
    }

    /// Duration that is listed behind a segment.
    pub fn length_behind(&self, msn: u64) -> u64 {
        (msn + 1..=self.last_msn()).filter_map(|msn| self.segment(msn)).map(Segment::length).sum()
    }

    /// Duration that is listed.
    pub fn length(&self) -> u64 {
        self.segments.iter().map(Segment::length).sum()
    }

    /// The discontinuity sequence number of a segment.
    pub fn discontinuity_sequence_of(&self, msn: u64) -> u64 {
        let count = usize::try_from(msn - self.media_sequence).unwrap() + 1;
        let passed = self.segments.iter().take(count).filter(|segment| segment.discontinuity);
        self.discontinuity_sequence + passed.count() as u64
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
        let rank = ORDER.iter().position(|known| *known == tag).unwrap_or(ORDER.len() - 1);
        assert!(rank > self.rank || self.rank == 0 || (rank == self.rank && tag == "#EXT-X-PART"), "{line}");
        self.rank = rank;
        match tag {
            "#EXT-X-DISCONTINUITY" => (self.discontinuity, *map) = (true, String::new()),
            "#EXT-X-GAP" => self.gap = true,
            "#EXT-X-MAP" => *map = attributes(value).remove("URI").unwrap(),
            "#EXT-X-PROGRAM-DATE-TIME" => self.date = Some(value.to_owned()),
            "#EXTINF" => self.duration = micros(value.strip_suffix(',').unwrap()),
            "#EXT-X-PART" => self.parts.push(Part::read(value)),
            uri => {
                assert!(!uri.starts_with('#') && self.duration > 0, "{line}");
                self.uri = Some(uri.to_owned());
                self.map.clone_from(map);
            }
        }
    }

    pub fn length(&self) -> u64 {
        if self.uri.is_some() { self.duration } else { self.parts.iter().map(|part| part.duration).sum() }
    }
}

impl Part {
    fn read(value: &str) -> Self {
        let mut part = attributes(value);
        let yes = |name| part.get(name).map(|value| assert_eq!(value, "YES")).is_some();
        let (independent, gap, duration) = (yes("INDEPENDENT"), yes("GAP"), micros(&part["DURATION"]));
        Self { uri: part.remove("URI").unwrap(), duration, independent, gap }
    }
}

/// 0: about the playlist, 1: what is skipped, 2: about a segment, 3: behind the segments.
fn stage_of(line: &str) -> u8 {
    match line.split(':').next().unwrap() {
        "#EXT-X-INDEPENDENT-SEGMENTS" | "#EXT-X-TARGETDURATION" | "#EXT-X-SERVER-CONTROL" | "#EXT-X-PART-INF" => 0,
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
