//! The number of files, connections among them, that the process may have open.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Files that are open besides connections: libraries' descriptors, listeners, the way to Redis.
const OTHERS: u64 = 64;

const RAISE: &str = "raise the limit (ulimit -n, LimitNOFILE=)";

/// Raises the soft limit to the hard one, and returns what holds then; nothing when the system does not tell.
pub fn raise_limit() -> Option<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() {
        return Some(hard);
    }
    Some(soft)
}

/// A sentence when there may not even be as many open files as a server with one connection a worker needs.
pub fn lack(limit: u64, workers: usize) -> Option<String> {
    let least = (workers as u64).saturating_add(OTHERS);
    (limit < least).then(|| {
        let workers = if workers == 1 { "1 worker needs".to_owned() } else { format!("{workers} workers need") };
        format!("the system allows {limit} open files, and {workers} at least {least}: {RAISE}")
    })
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A sentence when so many connections need more open files than there may be.
pub fn shortage(limit: u64, workers: usize, max_connections: usize) -> Option<String> {
    let connections = (workers as u64).saturating_mul(max_connections as u64);
    let needed = connections.saturating_add(OTHERS);
    (needed > limit).then(|| {
        let right = limit.saturating_sub(OTHERS) / (workers as u64).max(1);
        // Fewer connections do not help where the workers alone need more.
        let or_fewer = if right > 0 { format!(" or set --max-connections {right}") } else { String::new() };
        let workers = counted(workers, "worker");
        format!(
            "--max-connections {max_connections} on {workers} needs {needed} open files, and the system allows {limit}: \
             {RAISE}{or_fewer}"
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
        let told = shortage(50, 1, 1).unwrap();
        assert!(told.contains("on 1 worker needs 65 open files") && !told.contains("or set"), "{told}");
    }

    #[test]
    fn a_limit_below_the_least_is_told() {
        assert_eq!(lack(66, 2), None);
        let told = lack(65, 2).unwrap();
        assert!(told.starts_with("the system allows 65 open files, and 2 workers need at least 66: raise"), "{told}");
    }
}
