//! Time for which caches may keep an answer (draft-pantos-hls-rfc8216bis, appendix B.1). Pure.

use std::time::Duration;

use actix_web::http::header::HeaderValue;

use roomcast_core::hls::{Reload, Snapshot};

/// The target duration that is assumed while it is not known.
pub const UNKNOWN: Duration = Duration::from_secs(1);

/// The value for answers that no cache may keep, because they are valid only at this moment.
pub const NEVER: HeaderValue = HeaderValue::from_static("no-store");

/// The values of `Cache-Control` for answers of one track.
#[derive(Debug, Clone)]
pub struct Freshness {
    /// The value for a playlist that was requested by number and never changes.
    pub blocking: HeaderValue,
    /// The playlist as it is now.
    pub plain: HeaderValue,
    /// Media.
    pub media: HeaderValue,
}

impl Freshness {
    /// For a track with this target duration.
    pub fn of(target: Duration) -> Self {
        Self { blocking: max_age(target * 6), plain: max_age(target / 2), media: max_age(target * 6) }
    }

    /// For this answer. What has ended may be followed by another broadcast of the same name, under the same
    /// addresses and numbers.
    pub fn playlist(&self, reload: &Reload, snapshot: &Snapshot) -> &HeaderValue {
        if reload.names_a_state(Some(snapshot)) && !snapshot.ended { &self.blocking } else { &self.plain }
    }
}

/// For the news that there is no such playlist.
pub fn no_playlist(reload: &Reload, target: Option<Duration>) -> HeaderValue {
    max_age(target.unwrap_or(UNKNOWN) * if reload.names_a_state(None) { 4 } else { 1 })
}

/// For the news that there is no such object.
pub fn no_object(target: Option<Duration>) -> HeaderValue {
    max_age(target.unwrap_or(UNKNOWN))
}

/// At least a second: with 0 every viewer's request would reach the server.
pub fn max_age(duration: Duration) -> HeaderValue {
    let text = format!("max-age={}", duration.as_secs().max(1));
    HeaderValue::try_from(text).expect("letters and digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_follow_the_target_duration_and_are_never_0() {
        let of = |seconds| {
            let fresh = Freshness::of(Duration::from_secs(seconds));
            [fresh.blocking, fresh.plain, fresh.media].map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(of(1), ["max-age=6", "max-age=1", "max-age=6"]);
        assert_eq!(of(4), ["max-age=24", "max-age=2", "max-age=24"]);
        let blocking = Reload::parse("_HLS_msn=7").unwrap();
        assert_eq!(no_playlist(&blocking, Some(Duration::from_secs(4))), "max-age=16");
        assert_eq!(no_playlist(&Reload::default(), Some(Duration::from_secs(4))), "max-age=4");
        assert_eq!(no_object(None), "max-age=1");
    }
}
