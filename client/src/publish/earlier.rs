//! Numbers at which an earlier run in the room stopped.
//!
//! Reads a media playlist for that and nothing else. Numbers never run back, so a later run continues them with a
//! discontinuity.
//!
//! rfc8216bis, 4.4.3.2 (EXT-X-MEDIA-SEQUENCE) and 6.2.1.

use roomcast_media::Start;
use roomcast_media::package::{Earlier, names};

/// More parts than any segment has: where no part is listed any more, their numbers go on beyond this.
const PARTS_PER_SEGMENT: u64 = 1000;

/// Reads a media playlist; `None` when it is none.
pub(super) fn read(playlist: &str) -> Option<Earlier> {
    let mut lines = playlist.lines().map(str::trim);
    if lines.next()? != "#EXTM3U" {
        return None;
    }
    let (mut first, mut finished, mut skipped, mut open) = (0, 0, 0, false);
    for line in lines {
        let (tag, value) = line.split_once(':').unwrap_or((line, ""));
        match tag {
            "#EXT-X-MEDIA-SEQUENCE" => first = value.parse().ok()?,
            "#EXT-X-SKIP" => skipped = number_of(value, "SKIPPED-SEGMENTS=")?,
            "#EXT-X-PART" => open = true,
            "#EXTINF" => (finished, open) = (finished + 1, false),
            _ => {}
        }
    }
    // The hinted name is still free: who takes it makes the hint come true.
    let lines = playlist.lines().map(str::trim).filter(|line| !line.starts_with("#EXT-X-PRELOAD-HINT"));
    let uris = lines.flat_map(|line| line.split('"'));
    let (parts, maps): (Vec<_>, Vec<_>) = uris.map(|uri| (names::part_number(uri), names::map_number(uri))).unzip();
    // A segment that was begun is not ours to finish.
    let segment: u64 = first + skipped + finished + u64::from(open);
    let part_number = match parts.into_iter().flatten().max() {
        Some(last) => last + 1,
        None => segment.saturating_mul(PARTS_PER_SEGMENT),
    };
    let map = maps.into_iter().flatten().max().map_or(0, |last| last + 1);
    Some(Earlier { start: Start { segment, part_number }, map })
}

fn number_of(attributes: &str, name: &str) -> Option<u64> {
    attributes.split(',').find_map(|attribute| attribute.trim().strip_prefix(name))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAYLIST: &str = "#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:41
#EXT-X-MAP:URI=\"init-0.mp4\"
#EXTINF:1.00000,
s41.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI=\"init-3.mp4\"
#EXT-X-PART:DURATION=0.33333,URI=\"p127.m4s\",INDEPENDENT=YES
#EXTINF:0.33333,
s42.m4s
";

    fn start(playlist: &str) -> (u64, u64) {
        let Start { segment, part_number } = read(playlist).unwrap().start;
        (segment, part_number)
    }

    #[test]
    fn numbers_go_on_behind_the_last_segment() {
        let earlier = read(PLAYLIST).unwrap();
        assert_eq!((start(PLAYLIST), earlier.map), ((43, 128), 4));
        assert_eq!(read(&format!("{PLAYLIST}#EXT-X-ENDLIST\n")), Some(earlier), "also behind the end");
    }

    #[test]
    fn a_segment_that_was_begun_is_left_alone() {
        let open = "#EXT-X-PART:DURATION=0.33333,URI=\"p128.m4s\",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p129.m4s\"\n";
        assert_eq!(start(&format!("{PLAYLIST}{open}")), (44, 129));
    }

    #[test]
    fn part_numbers_stay_free_also_when_no_part_is_listed() {
        assert_eq!(start("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:1,\ns7.m4s\n"), (8, 8000));
    }

    #[test]
    fn what_is_no_playlist_tells_nothing() {
        assert_eq!(read("<html>"), None);
        assert_eq!(read(""), None);
    }

    proptest! {
        #[test]
        fn arbitrary_lines_never_panic(lines in prop::collection::vec("(#EXT(INF|-X-(PART|SKIP|MEDIA-SEQUENCE)):)?.{0,30}", 0..20)) {
            let _ = read(&format!("#EXTM3U\n{}", lines.join("\n")));
        }
    }
}
