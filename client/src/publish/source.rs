//! The input: bytes of a file or of standard input, as media.
//!
//! A thread of its own reads, because a read from a pipe cannot be cut short and would hold up the end of the program.
//! It reads little ahead and ends with the program. Never cuts media.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::thread;

use bytes::Bytes;
use roomcast_media::{DEFAULT_LIMIT, Error as MediaError, Item, Reader};
use tokio::sync::mpsc;

use crate::Error;

const CHUNK: usize = 64 * 1024;
/// Chunks read ahead.
const AHEAD: usize = 4;

/// Source of the media.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// A file or a named pipe.
    File(PathBuf),
}

impl From<PathBuf> for Input {
    /// `-` stands for standard input.
    fn from(path: PathBuf) -> Self {
        if path == Path::new("-") { Self::Stdin } else { Self::File(path) }
    }
}

#[derive(Debug)]
pub(super) struct Source {
    chunks: mpsc::Receiver<Result<Bytes, Error>>,
    reader: Reader,
    fragments: u64,
    is_live: bool,
}

impl Source {
    pub fn open(input: Input) -> Result<Self, Error> {
        let is_live = match &input {
            Input::Stdin => true,
            Input::File(path) => !std::fs::metadata(path).map_err(|error| cannot_open(path, error))?.is_file(),
        };
        let (sender, chunks) = mpsc::channel(AHEAD);
        let reading = thread::Builder::new().name("input".to_owned()).spawn(move || read(&input, &sender));
        reading.map_err(Error::Read)?;
        Ok(Self { chunks, reader: Reader::new(DEFAULT_LIMIT), fragments: 0, is_live })
    }

    /// Returns whether the input has a pace of its own.
    pub fn is_live(&self) -> bool {
        self.is_live
    }

    /// Returns the next item; `None` at the end. This method is cancel safe.
    pub async fn next(&mut self) -> Result<Option<Item>, Error> {
        loop {
            if let Some(item) = self.reader.next().map_err(|error| self.explain(error))? {
                self.fragments += u64::from(matches!(item, Item::Fragment(_)));
                return Ok(Some(item));
            }
            match self.chunks.recv().await {
                Some(chunk) => {
                    let pushed = self.reader.push(&chunk?);
                    pushed.map_err(|error| self.explain(error))?;
                }
                None => return self.end(),
            }
        }
    }

    fn end(&self) -> Result<Option<Item>, Error> {
        if self.fragments == 0 {
            return Err(Error::NotFragmented { reason: "it ends before its first fragment".to_owned() });
        }
        match self.reader.held() {
            0 => {}
            held => tracing::warn!(held, "the input ends in the middle of a fragment"),
        }
        Ok(None)
    }

    /// Before the first fragment an impossible box means that this is another format altogether.
    fn explain(&self, error: MediaError) -> Error {
        let other_format = matches!(
            error,
            MediaError::BoxSize { .. }
                | MediaError::BoxTooLarge { .. }
                | MediaError::Missing(_)
                | MediaError::Truncated(_)
                | MediaError::NotFragmented
                | MediaError::FragmentBeforeInit
                | MediaError::MoofWithoutMdat
                | MediaError::MdatWithoutMoof
        );
        match other_format && self.fragments == 0 {
            true => Error::NotFragmented { reason: error.to_string() },
            false => Error::Media(error),
        }
    }
}

fn cannot_open(path: &Path, source: io::Error) -> Error {
    Error::Open { path: path.to_owned(), source }
}

fn read(input: &Input, chunks: &mpsc::Sender<Result<Bytes, Error>>) {
    let opened: Result<Box<dyn Read>, Error> = match input {
        Input::Stdin => Ok(Box::new(io::stdin().lock())),
        Input::File(path) => match File::open(path) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) => Err(cannot_open(path, error)),
        },
    };
    let done = opened.and_then(|mut file| pump(&mut file, chunks).map_err(Error::Read));
    if let Err(error) = done {
        let _ = chunks.blocking_send(Err(error));
    }
}

/// Until the end of the file, or until nobody wants more.
fn pump(file: &mut dyn Read, chunks: &mpsc::Sender<Result<Bytes, Error>>) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = match file.read(&mut chunk) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let bytes = Bytes::copy_from_slice(&chunk[..count]);
        if count == 0 || chunks.blocking_send(Ok(bytes)).is_err() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn publish(bytes: &[u8]) -> Error {
        let path = std::env::temp_dir().join(format!("roomcast-source-{}", uuid::Uuid::new_v4()));
        std::fs::write(&path, bytes).unwrap();
        let mut source = Source::open(Input::from(path.clone())).unwrap();
        let error = source.next().await.unwrap_err();
        std::fs::remove_file(path).unwrap();
        error
    }

    #[tokio::test]
    async fn what_is_no_fragmented_mp4_is_refused_with_the_flags_to_use() {
        let plain = b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x0cmdatabcd";
        let text = b"WEBVTT is no video and much longer than that";
        let transport_stream =
            [b"\x47\x40\x11\x10\0\x42\xf0\x25\0\x01\xc1\0\0\xff".repeat(12), vec![0x47; 188]].concat();
        let garbage = [0xff; 300];
        for bytes in [&plain[..], text, b"", b"\0\0\0\x08free", &transport_stream, &garbage] {
            let error = publish(bytes).await;
            assert!(error.to_string().starts_with("the input is not fragmented MP4 ("), "{error}");
            assert!(error.to_string().contains("-movflags +cmaf"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_missing_file_is_named() {
        let error = Source::open(Input::from(PathBuf::from("/nowhere/x.mp4"))).unwrap_err();
        assert!(error.to_string().contains("/nowhere/x.mp4"), "{error}");
        assert_eq!(Input::from(PathBuf::from("-")), Input::Stdin);
    }
}
