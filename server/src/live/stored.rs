//! An object of a track: its bytes, or the reference from which to fetch them.
//!
//! An object that was uploaded on another node is a placeholder here. The first request fetches it for all that wait,
//! and it is kept for as long as the object is served.

use std::sync::{Arc, OnceLock};

use actix_web::http::header::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use sha1::{Digest as _, Sha1};

use super::media::{MediaBlob, MediaCache};
use crate::response::pieces::Chain;

/// Error: the bytes could not be fetched in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the media could not be fetched in time")]
pub struct OutOfReach;

/// An object and the references to its bytes.
#[derive(Debug)]
pub struct Stored {
    media: MediaSource,
    content_type: &'static str,
    tag: OnceLock<HeaderValue>,
}

#[derive(Debug)]
enum MediaSource {
    Local(Bytes),
    Remote(Arc<MediaCache>, Vec<Arc<MediaBlob>>),
}

impl Stored {
    /// Creates an object from bytes in memory.
    pub const fn local(bytes: Bytes, content_type: &'static str) -> Self {
        Self { media: MediaSource::Local(bytes), content_type, tag: OnceLock::new() }
    }

    /// Creates an object whose media is fetched on the first request.
    pub const fn remote(cache: Arc<MediaCache>, blobs: Vec<Arc<MediaBlob>>, content_type: &'static str) -> Self {
        Self { media: MediaSource::Remote(cache, blobs), content_type, tag: OnceLock::new() }
    }

    /// Returns the media type.
    pub const fn content_type(&self) -> &'static str {
        self.content_type
    }

    /// Returns the bytes, and fetches them first if necessary.
    ///
    /// # Errors
    /// If they do not arrive in time.
    pub async fn bytes(&self) -> Result<Chain, OutOfReach> {
        match &self.media {
            MediaSource::Local(bytes) => Ok(bytes.clone().into()),
            MediaSource::Remote(cache, blobs) => {
                let fetched = futures_util::future::try_join_all(blobs.iter().map(|blob| cache.bytes(blob)));
                Ok(fetched.await?.into_iter().collect())
            }
        }
    }

    /// A strong entity tag, made of the bytes: the same wherever and whenever they were uploaded. Made when it is
    /// first asked for.
    pub fn tag(&self, bytes: &Chain) -> HeaderValue {
        let made = || {
            let mut sha1 = Sha1::new();
            bytes.links().for_each(|link| sha1.update(link));
            let digest = URL_SAFE_NO_PAD.encode(&sha1.finalize()[..15]);
            HeaderValue::try_from(format!("\"{digest}\"")).expect("letters and digits")
        };
        self.tag.get_or_init(made).clone()
    }
}
