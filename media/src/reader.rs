//! The incremental reader: bytes in as they come, the initialization section and fragments out.
//!
//! Keeps the incomplete box and the one that waits for it (`ftyp` for `moov`, `moof` for `mdat`),
//! never more than the limit. Boxes that say nothing of samples (`styp`, `sidx`, `emsg`, `free`,
//! `prft`, `mfra`, `uuid`, unknown ones) are passed over. Never reads anything by itself.
//!
//! ISO/IEC 14496-12, 4.2 and 8.8; CMAF 7.3.

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use bytes::{Buf, Bytes, BytesMut};

use crate::boxes::Header;
use crate::fragment::{Context, Data};
use crate::{Ends, Error, Fragment, Init};

/// A limit in bytes that leaves room for seconds of video: 16 MiB.
pub const DEFAULT_LIMIT: usize = 16 * 1024 * 1024;
/// The box in front of a `moov` that came without one: an initialization section begins with it.
const FTYP: &[u8] = b"\0\0\0\x18ftypiso6\0\0\0\0iso6mp41";

/// An item that the reader finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// An initialization section. A second one in the stream replaces the first.
    Init(Init),
    /// A fragment of the last initialization section's tracks.
    Fragment(Fragment),
}

/// Reads fragmented MP4 from bytes cut anywhere.
#[derive(Debug)]
pub struct Reader {
    limit: usize,
    buffer: BytesMut,
    /// Offset in the stream at which the buffer starts: offsets may count from the stream's first byte.
    position: u64,
    pending: PendingBox,
    context: Option<Context>,
    over: bool,
    failed: Option<Error>,
}

/// The box that waits for the one that completes it.
#[derive(Debug)]
enum PendingBox {
    Nothing,
    Ftyp(Bytes),
    Moof { at: u64, whole: Bytes, header: usize },
}

impl Reader {
    /// Creates a reader that refuses a box which, together with the box kept for it, exceeds `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            buffer: BytesMut::new(),
            position: 0,
            pending: PendingBox::Nothing,
            context: None,
            over: false,
            failed: None,
        }
    }

    /// A reader of a further body of the same stream, in which fragments may come without the
    /// initialization section, and go on from where the last ones ended.
    pub fn after(limit: usize, init: &Init, ends: Ends) -> Self {
        Self { context: Some(Context { ends, ..context(init) }), ..Self::new(limit) }
    }

    /// Returns the same for a stream whose first bytes are elsewhere: the next ones come at this position.
    #[must_use]
    pub fn at(self, position: u64) -> Self {
        Self { position, ..self }
    }

    /// Returns whether the encoder has said that the stream ends with this body: by an `mfra`, or by the brand `lmsg`
    /// of the last `styp` (CMAF 7.3.2.3).
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Takes the next bytes of the stream. Call [`Reader::next`] until it gives `None` before
    /// pushing more: pushing onto more than the limit is [`Error::NotDrained`].
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.held() > self.limit {
            return Err(Error::NotDrained);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// Returns the next item, `None` when it takes more bytes. An error is final: it comes again.
    #[expect(clippy::should_implement_trait, reason = "None is no end here: more bytes may follow")]
    pub fn next(&mut self) -> Result<Option<Item>, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let found = self.find();
        if let Err(error) = &found {
            self.failed = Some(error.clone());
            self.buffer = BytesMut::new();
            self.pending = PendingBox::Nothing;
        }
        found
    }

    /// Number of bytes that are kept. At the end of a stream 0 means that it ended with a whole box.
    pub fn held(&self) -> usize {
        self.buffer.len() + self.waiting()
    }

    /// Returns whether the bytes so far end in the middle of a box, or of a `moof` and its `mdat`.
    pub fn is_cut(&self) -> bool {
        !self.buffer.is_empty() || matches!(self.pending, PendingBox::Moof { .. })
    }

    fn waiting(&self) -> usize {
        match &self.pending {
            PendingBox::Nothing => 0,
            PendingBox::Ftyp(whole) | PendingBox::Moof { whole, .. } => whole.len(),
        }
    }

    fn find(&mut self) -> Result<Option<Item>, Error> {
        while let Some(header) = Header::read(&self.buffer)? {
            let size = self.within_limit(&header)?;
            if self.buffer.len() < size {
                return Ok(None);
            }
            let at = self.position;
            self.position += header.size;
            let item = match &header.kind.0 {
                b"ftyp" | b"moov" | b"moof" | b"mdat" => {
                    let whole = self.buffer.split_to(size).freeze();
                    self.take_box(&header, at, whole)?
                }
                kind => {
                    match kind {
                        b"mfra" => self.over = true,
                        b"styp" => self.over = has_brand(&self.buffer[header.length..size], b"lmsg"),
                        _ => {}
                    }
                    self.buffer.advance(size);
                    None
                }
            };
            if item.is_some() {
                return Ok(item);
            }
        }
        Ok(None)
    }

    fn within_limit(&self, header: &Header) -> Result<usize, Error> {
        let room = self.limit.saturating_sub(self.waiting());
        match usize::try_from(header.size) {
            Ok(size) if size <= room => Ok(size),
            _ => Err(Error::BoxTooLarge { kind: header.kind, size: header.size, limit: self.limit }),
        }
    }

    fn take_box(&mut self, header: &Header, at: u64, whole: Bytes) -> Result<Option<Item>, Error> {
        let pending = std::mem::replace(&mut self.pending, PendingBox::Nothing);
        let kind = &header.kind.0;
        let header = header.length;
        match (kind, pending) {
            (b"mdat", PendingBox::Moof { at: moof_at, whole: moof, header: moof_header }) => {
                let context = self.context.as_mut().ok_or(Error::FragmentBeforeInit)?;
                let data = Data { at: at + header as u64, payload: whole.slice(header..) };
                let fragment = Fragment::read(&moof[moof_header..], moof_at, &data, context)?;
                Ok(Some(Item::Fragment(fragment)))
            }
            (b"mdat", _) => Err(Error::MdatWithoutMoof),
            (_, PendingBox::Moof { .. }) => Err(Error::MoofWithoutMdat),
            (b"ftyp", _) => {
                self.pending = PendingBox::Ftyp(whole);
                Ok(None)
            }
            (b"moov", pending) => {
                // The box may have come in a body of its own, and says nothing that has to be known.
                let ftyp = if let PendingBox::Ftyp(ftyp) = &pending { ftyp } else { FTYP };
                let bytes = [ftyp, &whole].concat();
                let init = Init::read(&whole[header..], bytes.into())?;
                // The same again is no new start.
                let known = self.context.take().filter(|known| known.tracks == init.tracks);
                let ends = known.map(|known| known.ends).unwrap_or_default();
                self.context = Some(Context { ends, ..context(&init) });
                self.over = false;
                Ok(Some(Item::Init(init)))
            }
            _ if self.context.is_none() => Err(Error::FragmentBeforeInit),
            _ => {
                self.pending = PendingBox::Moof { at, whole, header };
                Ok(None)
            }
        }
    }
}

fn context(init: &Init) -> Context {
    Context { tracks: init.tracks.clone(), ignored: init.ignored.clone(), ends: Ends::default() }
}

/// Whether a `styp` has this brand: the major one or a compatible one, behind the minor version.
fn has_brand(styp: &[u8], brand: &[u8; 4]) -> bool {
    styp.chunks_exact(4).enumerate().any(|(at, word)| at != 1 && word == brand)
}
