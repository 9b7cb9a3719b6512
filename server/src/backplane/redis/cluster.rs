//! Queries the slots of the masters from a server of a cluster.

use std::time::Duration;

use redis::Value;

use super::connector::{Connector, Login, Purpose};
use crate::backplane::Server;

/// Queries the slots of each master from a server.
///
/// # Errors
/// A sentence.
pub async fn ranges(connector: &Connector, timeout: Duration, server: &Server) -> Result<Vec<Range>, String> {
    let purpose = Purpose { login: Login::Ours, timeout, push: None };
    let mut connection = connector.connect(server, purpose).await?;
    let answer = redis::cmd("CLUSTER").arg("SLOTS").query_async::<Vec<Value>>(&mut connection.commands).await;
    let ranges: Vec<_> = answer
        .map_err(|error| format!("{server} {}", connector.advice().explain(&error, Login::Ours)))?
        .into_iter()
        .filter_map(|range| Range::read(range, server))
        .collect();
    if ranges.is_empty() {
        return Err(format!("{server} is a cluster without slots: create it (redis-cli --cluster create)"));
    }
    Ok(ranges)
}

/// A range of slots and its master.
#[derive(Debug)]
pub struct Range {
    pub first: i64,
    pub last: i64,
    pub master: Server,
}

impl Range {
    /// `[first, last, [host, port, …], replicas…]`; a server that does not know its own name leaves the host empty.
    fn read(value: Value, asked: &Server) -> Option<Self> {
        let Value::Array(parts) = value else { return None };
        let [Value::Int(first), Value::Int(last), Value::Array(master), ..] = parts.as_slice() else { return None };
        let [host, Value::Int(port), ..] = master.as_slice() else { return None };
        let host = match host {
            Value::BulkString(host) => {
                String::from_utf8(host.clone()).ok().filter(|host| !host.is_empty() && host != "?")
            }
            _ => None,
        };
        let master = Server { host: host.unwrap_or_else(|| asked.host.clone()), port: u16::try_from(*port).ok()? };
        Some(Self { first: *first, last: *last, master })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_master_without_a_name_is_the_one_that_was_asked() {
        let asked = Server { host: "asked".into(), port: 1 };
        let range = |host| {
            let master = Value::Array(vec![host, Value::Int(7), Value::BulkString(b"id".to_vec())]);
            Range::read(Value::Array(vec![Value::Int(0), Value::Int(9), master]), &asked).map(|range| range.master.host)
        };
        assert_eq!(range(Value::Nil).as_deref(), Some("asked"));
        assert_eq!(range(Value::BulkString(b"named".to_vec())).as_deref(), Some("named"));
        assert!(Range::read(Value::Array(vec![Value::Int(0)]), &asked).is_none());
    }
}
