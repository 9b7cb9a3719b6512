//! A warning for the operator, once for each time that something begins to fail.

use std::sync::{Mutex, PoisonError};

/// The last reason that was logged.
#[derive(Debug, Default)]
pub struct Complaint(Mutex<Option<String>>);

impl Complaint {
    /// Warns, unless the same was the last warning and nothing went well since.
    pub fn warn(&self, reason: String) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref() == Some(&reason) {
            tracing::debug!("still: {reason}");
        } else {
            tracing::warn!("{reason}");
            *last = Some(reason);
        }
    }

    /// Notes that all went well.
    pub fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
