//! Streams made by hand: what the reader passes over, and what it refuses.

use bytes::{BufMut, BytesMut};

use super::*;
use crate::boxes::{FourCc, put_box};
use crate::fixture::{AUDIO, VIDEO, fragment, init, init_bytes, put_words, sample};
use crate::write_fragment;

const TRACKS: [crate::fixture::Kind; 2] = [VIDEO, AUDIO];

fn media() -> (Bytes, Item) {
    let samples = [sample(1, 0, 512, true), sample(1, 512, 512, false), sample(2, 0, 1024, true)];
    (write_fragment(1, &samples).unwrap(), Item::Fragment(fragment(samples)))
}

fn moof_size(media: &[u8]) -> usize {
    u32::from_be_bytes(*media.first_chunk().unwrap()) as usize
}

fn empty_box(kind: &[u8; 4], payload: usize) -> Vec<u8> {
    let mut out = BytesMut::new();
    put_box(&mut out, kind, |out| out.put_bytes(0, payload));
    out.to_vec()
}

/// All items up to the end or the first error.
fn read(limit: usize, bytes: &[u8]) -> (Vec<Item>, Result<(), Error>) {
    let mut reader = Reader::new(limit);
    reader.push(bytes).unwrap();
    let mut items = Vec::new();
    loop {
        match reader.next() {
            Ok(Some(item)) => items.push(item),
            Ok(None) => return (items, Ok(())),
            Err(error) => {
                assert_eq!(reader.next(), Err(error.clone()));
                assert_eq!(reader.push(b"more"), Err(error.clone()));
                return (items, Err(error));
            }
        }
    }
}

#[test]
fn the_map_is_ftyp_and_moov_exactly_as_received() {
    let bytes = init_bytes(&TRACKS);
    let ftyp = 8 + 12;
    let stream = [&bytes[..ftyp], &empty_box(b"free", 5), &bytes[ftyp..]].concat();
    assert_eq!(read(4096, &stream), (vec![Item::Init(init(&TRACKS))], Ok(())));
    assert_eq!(init(&TRACKS).bytes, bytes);
}

#[test]
fn boxes_without_samples_are_passed_over_wherever_they_stand() {
    let (media, item) = media();
    let moof = moof_size(&media);
    let mut stream = init_bytes(&TRACKS).to_vec();
    for kind in [b"styp", b"sidx", b"emsg", b"free", b"prft", b"uuid", b"abcd"] {
        stream.extend(empty_box(kind, 20));
    }
    stream.extend(&media[..]);
    stream.extend(empty_box(b"free", 0));
    stream.extend(&media[..moof]);
    // A box in between moves the data away from where the moof says it is.
    stream.extend(empty_box(b"free", 0));
    stream.extend(&media[moof..]);
    stream.extend(empty_box(b"mfra", 9));
    let (items, end) = read(4096, &stream);
    assert_eq!(items[1..], [item]);
    assert_eq!(end, Err(Error::SampleOutsideMdat(1)));
}

#[test]
fn a_box_may_have_a_size_of_64_bits() {
    let (media, item) = media();
    let free = [&b"\0\0\0\x01free\0\0\0\0\0\0\0\x12"[..], b"xx"].concat();
    let stream = [&init_bytes(&TRACKS)[..], &free, &media].concat();
    assert_eq!(read(4096, &stream).0[1..], [item]);
}

#[test]
fn bytes_that_stop_inside_a_box_lose_nothing_before_it() {
    let (media, item) = media();
    let stream = [&init_bytes(&TRACKS)[..], &media, &media[..media.len() - 1]].concat();
    let (items, end) = read(4096, &stream);
    assert_eq!((&items[1..], end), (&[item][..], Ok(())));
}

#[test]
fn a_size_of_zero_is_refused_and_what_came_before_is_given() {
    let (media, item) = media();
    let stream = [&init_bytes(&TRACKS)[..], &media, b"\0\0\0\0mdat"].concat();
    let (items, end) = read(4096, &stream);
    assert_eq!(items[1..], [item]);
    assert!(matches!(end, Err(Error::BoxSize { size: 0, .. })));
}

#[test]
fn a_box_is_refused_by_its_header_when_it_exceeds_the_limit() {
    let end = read(100, b"\0\0\0\x65free").1;
    assert_eq!(end, Err(Error::BoxTooLarge { kind: FourCc(*b"free"), size: 101, limit: 100 }));
    let end = read(100, b"\0\0\0\x01free\xff\xff\xff\xff\xff\xff\xff\xff").1;
    assert!(matches!(end, Err(Error::BoxTooLarge { size: u64::MAX, .. })));
}

#[test]
fn the_limit_holds_for_moof_and_mdat_together() {
    let (media, _) = media();
    let limit = 2048;
    let moof = moof_size(&media);
    let fits = u32::try_from(limit - moof).unwrap();
    for (size, end) in [(fits, Ok(())), (fits + 1, Err(()))] {
        let stream = [&init_bytes(&TRACKS)[..], &media[..moof], &size.to_be_bytes(), b"mdat"].concat();
        assert_eq!(read(limit, &stream).1.map_err(|_| ()), end);
    }
}

#[test]
fn boxes_out_of_order_are_named() {
    let (media, _) = media();
    let moof = moof_size(&media);
    let init = init_bytes(&TRACKS);
    let after_init = |bytes: &[u8]| read(4096, &[&init[..], bytes].concat()).1;
    assert_eq!(read(4096, &media).1, Err(Error::FragmentBeforeInit));
    assert_eq!(after_init(&media[moof..]), Err(Error::MdatWithoutMoof));
    assert_eq!(after_init(&[&media[..moof], &media[..]].concat()), Err(Error::MoofWithoutMdat));
}

#[test]
fn a_moov_without_ftyp_gets_one() {
    let (media, item) = media();
    let ftyp = 8 + 12;
    let (items, end) = read(4096, &[&init_bytes(&TRACKS)[ftyp..], &media].concat());
    let Item::Init(made) = &items[0] else { panic!("{items:?}") };
    assert_eq!((&made.tracks, &items[1..], end), (&init(&TRACKS).tracks, &[item][..], Ok(())));
    assert_eq!(read(4096, &made.bytes).0, [items[0].clone()]);
}

#[test]
fn bytes_are_cut_within_a_box_or_before_the_mdat_of_a_moof() {
    let (media, _) = media();
    let (init, moof) = (init_bytes(&TRACKS), moof_size(&media));
    let stream = [&init[..], &media].concat();
    let whole = [0, 8 + 12, init.len(), stream.len()];
    for end in whole.into_iter().chain([5, 8, 8 + 11, 8 + 13, init.len() - 1, init.len() + moof, stream.len() - 1]) {
        let mut reader = Reader::new(4096);
        reader.push(&stream[..end]).unwrap();
        while reader.next().unwrap().is_some() {}
        assert_eq!(reader.is_cut(), !whole.contains(&end), "{end}");
    }
}

#[test]
fn offsets_count_from_the_first_byte_of_the_stream() {
    let moof = |data: u64| {
        let mut out = BytesMut::new();
        put_box(&mut out, b"moof", |out| {
            put_words(out, b"mfhd", &[0, 1]);
            put_box(out, b"traf", |out| {
                // The base of the data; the number, duration and size of the samples.
                put_words(out, b"tfhd", &[0x1, 1, 0, u32::try_from(data).unwrap()]);
                put_words(out, b"trun", &[0x300, 1, 512, 4]);
            });
        });
        put_box(&mut out, b"mdat", |out| out.put_slice(b"abcd"));
        out.freeze()
    };
    let length = moof(0).len() as u64;
    let mut reader = Reader::after(4096, &init(&TRACKS), Ends::default()).at(1000);
    reader.push(&moof(1000 + length - 4)).unwrap();
    let Ok(Some(Item::Fragment(fragment))) = reader.next() else { panic!("no fragment") };
    assert_eq!(&fragment.samples[0].payload[..], b"abcd");
}

#[test]
fn who_never_takes_the_items_cannot_push_for_ever() {
    let mut reader = Reader::new(50);
    reader.push(&[empty_box(b"free", 30), empty_box(b"free", 30)].concat()).unwrap();
    assert_eq!(reader.push(b"x"), Err(Error::NotDrained));
    assert_eq!(reader.next(), Ok(None));
    assert_eq!(reader.push(b"x"), Ok(()));
}

#[test]
fn a_second_initialization_section_replaces_the_first() {
    let (media, item) = media();
    let stream = [&init_bytes(&[VIDEO])[..], &init_bytes(&TRACKS), &media].concat();
    let items = read(4096, &stream).0;
    assert_eq!(items, [Item::Init(init(&[VIDEO])), Item::Init(init(&TRACKS)), item]);
}

#[test]
fn a_further_body_needs_no_init_of_its_own() {
    let (bytes, item) = media();
    let mut reader = Reader::after(4096, &init(&TRACKS), Ends::default());
    reader.push(&bytes).unwrap();
    assert_eq!(reader.next(), Ok(Some(item)));
}

#[test]
fn an_mfra_or_the_brand_of_the_last_segment_says_that_the_stream_is_over() {
    let styp = |brands: &[u8]| {
        let mut out = BytesMut::new();
        put_box(&mut out, b"styp", |out| out.put_slice(brands));
        out.to_vec()
    };
    let over = |boxes: &[Vec<u8>]| {
        let mut reader = Reader::new(4096);
        reader.push(&boxes.concat()).unwrap();
        while reader.next().unwrap().is_some() {}
        reader.is_over()
    };
    let begin = init_bytes(&TRACKS).to_vec();
    assert!(!over(&[begin.clone(), styp(b"msdhlmsgmsdh")]), "the minor version is no brand");
    assert!(over(&[begin.clone(), styp(b"msdh\0\0\0\0lmsg")]));
    assert!(over(&[begin.clone(), empty_box(b"mfra", 9)]));
    assert!(!over(&[begin.clone(), styp(b"lmsg"), styp(b"msdh\0\0\0\0")]));
    assert!(!over(&[empty_box(b"mfra", 9), begin]));
}
