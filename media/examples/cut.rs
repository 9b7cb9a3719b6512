//! Cuts the fragmented MP4 of standard input into parts and segments, and says how long they are.
//!
//! `ffmpeg … -f mp4 -movflags +cmaf+delay_moov+default_base_moof -frag_duration 333333 - \
//!     | cargo run --example cut -- out.mp4` writes the map and all parts to `out.mp4`.

use std::error::Error;
use std::fs::File;
use std::io::{Read, Write};
use std::time::Duration;

use roomcast_media::{Cut, Cutter, DEFAULT_LIMIT, Item, Reader, Start, Targets, Variant};

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = File::create(std::env::args().nth(1).ok_or("where to?")?)?;
    let targets = Targets {
        segment: Duration::from_secs(1),
        part: Some(Duration::from_millis(350)),
        longest: Duration::from_secs(10),
        independent: false,
    };
    let mut reader = Reader::new(DEFAULT_LIMIT);
    let mut stream: Option<(roomcast_media::Init, Cutter)> = None;
    let mut chunk = vec![0; 64 * 1024];
    let mut is_first = true;
    loop {
        let count = std::io::stdin().read(&mut chunk)?;
        reader.push(&chunk[..count])?;
        while let Some(item) = reader.next()? {
            match (item, &mut stream) {
                (Item::Init(init), _) => {
                    out.write_all(&init.bytes)?;
                    let cutter = Cutter::new(&init, targets, Start::default())?;
                    stream = Some((init, cutter));
                }
                (Item::Fragment(fragment), Some((init, cutter))) => {
                    if std::mem::take(&mut is_first) {
                        println!("{:?}", Variant::new(init, &fragment));
                    }
                    write(&mut out, cutter.push(fragment)?.cuts)?;
                }
                (Item::Fragment(_), None) => unreachable!("the reader gives no fragment before an init"),
            }
        }
        if count == 0 {
            break;
        }
    }
    let left = stream.map(|(_, mut cutter)| cutter.finish().cuts);
    println!("{} bytes were left incomplete", reader.held());
    Ok(write(&mut out, left.unwrap_or_default())?)
}

fn write(out: &mut File, cuts: Vec<Cut>) -> std::io::Result<()> {
    for cut in cuts {
        match cut {
            Cut::Part(part) => {
                let sign = if part.independent { "independent" } else { "" };
                println!("part {}.{} at {:?} {:?} {sign}", part.segment, part.index, part.start, part.duration);
                out.write_all(&part.bytes)?;
            }
            Cut::PartsEnd(end) => println!("no part {}.{} and beyond", end.segment, end.index),
            Cut::Segment(segment) => {
                println!("segment {} at {:?} {:?}", segment.sequence, segment.start, segment.duration);
            }
        }
    }
    Ok(())
}
