//! Several server processes on one Redis, each to be killed, stopped and started again by itself.

use std::ops::{Index, IndexMut};

use crate::server::Server;

/// The nodes, by their place.
#[derive(Debug)]
pub struct Nodes {
    nodes: Vec<Server>,
    urls: Vec<String>,
    flags: Vec<String>,
}

impl Nodes {
    /// Starts nodes with these flags and waits until all are ready.
    ///
    /// # Panics
    /// When they do not come up.
    pub async fn start(count: usize, redis_url: &str, flags: &[&str]) -> Self {
        Self::start_each(vec![redis_url.to_owned(); count], flags).await
    }

    /// Starts one node for each of these addresses of Redis, as behind proxies, and waits until all are ready.
    ///
    /// # Panics
    /// When they do not come up.
    pub async fn start_each(urls: Vec<String>, flags: &[&str]) -> Self {
        let nodes = futures_util::future::join_all(urls.iter().map(|url| Server::node(url, flags))).await;
        let flags = flags.iter().map(|flag| (*flag).to_owned()).collect();
        let nodes = Self { nodes, urls, flags };
        nodes.become_ready(true).await;
        nodes
    }

    /// Waits until all are ready, or none is.
    ///
    /// # Panics
    /// When that does not come.
    pub async fn become_ready(&self, ready: bool) {
        futures_util::future::join_all(self.nodes.iter().map(|node| node.becomes_ready(ready))).await;
    }

    /// Kills a node (SIGKILL).
    pub async fn kill(&mut self, place: usize) {
        self.nodes[place].process().kill().await;
    }

    /// Starts a new process in the place of one that was killed or has ended, and waits until it is ready.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn restart(&mut self, place: usize) {
        self.kill(place).await;
        let flags: Vec<&str> = self.flags.iter().map(String::as_str).collect();
        self.nodes[place] = Server::node(&self.urls[place], &flags).await;
        self.nodes[place].becomes_ready(true).await;
    }

    /// Number of nodes.
    #[must_use]
    pub fn count(&self) -> usize {
        self.nodes.len()
    }
}

impl Index<usize> for Nodes {
    type Output = Server;

    fn index(&self, place: usize) -> &Server {
        &self.nodes[place]
    }
}

impl IndexMut<usize> for Nodes {
    fn index_mut(&mut self, place: usize) -> &mut Server {
        &mut self.nodes[place]
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for (place, node) in self.nodes.iter().enumerate() {
                eprintln!("--- log of node {place}\n{}", node.told());
            }
        }
    }
}
