//! Media in Redis, over separate connections.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::Masters;
use crate::backplane::redis::call_link::CallLink;
use crate::backplane::redis::slot;
use crate::backplane::{Failure, Partition, Reply};

impl Masters {
    /// Stores media under a key of a partition.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn store(
        self: &Arc<Self>,
        partition: Partition,
        key: &str,
        media: &[u8],
        expires: Duration,
    ) -> impl Future<Output = Result<(), Failure>> + Send + use<> {
        let mut command = redis::cmd("SET");
        let millis = u64::try_from(expires.as_millis()).unwrap_or(u64::MAX).max(1);
        command.arg(key).arg(media).arg("PX").arg(millis);
        let stored = self.media(partition, command, media.len());
        async move { stored.await.map(drop) }
    }

    /// Returns the media under a key; `None` if the key does not exist.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn fetch(
        self: &Arc<Self>,
        partition: Partition,
        key: &str,
    ) -> impl Future<Output = Result<Option<Bytes>, Failure>> + Send + use<> {
        let mut command = redis::cmd("GET");
        command.arg(key);
        let fetched = self.media(partition, command, key.len());
        async move {
            match fetched.await? {
                Reply::Bytes(bytes) => Ok(Some(bytes)),
                _ => Ok(None),
            }
        }
    }

    /// Returns for each of these keys of a partition whether it exists.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn exist(
        self: &Arc<Self>,
        partition: Partition,
        keys: Vec<String>,
    ) -> impl Future<Output = Result<Vec<bool>, Failure>> + Send + use<> {
        let size = keys.iter().map(String::len).sum();
        let mut asked = Vec::new();
        for key in keys {
            let mut command = redis::cmd("EXISTS");
            command.arg(key);
            asked.push(self.media(partition, command, size));
        }
        async move {
            let mut stands = Vec::new();
            for reply in futures_util::future::join_all(asked).await {
                stands.push(reply? != Reply::Int(0));
            }
            Ok(stands)
        }
    }

    fn media(
        self: &Arc<Self>,
        partition: Partition,
        command: redis::Cmd,
        size: usize,
    ) -> impl Future<Output = Result<Reply, Failure>> + Send + use<> {
        let slot = slot::of_tag(&partition.to_string());
        self.counters.commands.increment(1);
        self.on(slot, move |_, master| CallLink::command(&master.media, command.clone(), size))
    }
}
