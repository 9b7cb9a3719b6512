//! The number of files, connections among them, that the process may have open.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Files that are open besides connections: libraries' descriptors, listeners, the way to Redis.
const OTHERS: u64 = 64;

/// Raises the soft limit to the hard one, and returns what holds then; nothing when the system does not tell.
pub fn raise_limit() -> Option<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() {
        return Some(hard);
    }
    Some(soft)
}

/// A sentence when so many connections need more open files than there may be.
pub fn shortage(limit: u64, workers: usize, max_connections: usize) -> Option<String> {
    let connections = (workers as u64).saturating_mul(max_connections as u64);
    let needed = connections.saturating_add(OTHERS);
    (needed > limit).then(|| {
        let right = (limit.saturating_sub(OTHERS) / (workers as u64).max(1)).max(1);
        format!(
            "--max-connections {max_connections} on {workers} workers needs {needed} open files, and the system allows \
             {limit}: raise the limit (ulimit -n, LimitNOFILE=) or set --max-connections {right}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_is_told_with_numbers() {
        assert_eq!(shortage(50_064, 2, 25_000), None);
        let told = shortage(1024, 2, 25_000).unwrap();
        assert!(told.contains("needs 50064 open files") && told.contains("allows 1024"), "{told}");
        assert!(told.ends_with("--max-connections 480"), "{told}");
        assert!(shortage(10, 512, usize::MAX).is_some());
    }
}
