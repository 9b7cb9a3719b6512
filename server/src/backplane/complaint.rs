//! A warning for the operator, logged once each time that an operation starts to fail.

use std::sync::{Mutex, PoisonError};

/// The last reason that was logged.
#[derive(Debug, Default)]
pub struct Complaint(Mutex<Option<String>>);

impl Complaint {
    /// Logs a warning, unless it equals the last one and no success was recorded since.
    pub fn warn(&self, reason: String) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref() == Some(&reason) {
            tracing::debug!("still: {reason}");
        } else {
            tracing::warn!("{reason}");
            *last = Some(reason);
        }
    }

    /// Records a success.
    pub fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
