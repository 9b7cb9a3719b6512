//! The table of scenarios. Each has a file of its own, starts the servers it needs, is bounded in time, and gives
//! figures. A further one is a file, a line in `mod`, and a line in each table below.

mod access;
mod access_flood;
mod churn;
mod files;
mod idle;
mod joins;
mod joins_nodes;
mod list_change;
mod mass_disconnect;
mod node_death;
mod redis_commands;
mod relay;
mod relay_nodes;
mod reload;
mod streams;
mod takeover;
mod upload_nodes;
mod viewers_memory;

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use crate::error::{Error, within};
use crate::live::Form;
use crate::machine::Cores;
use crate::metric::Metrics;
use crate::process::Program;

/// Timeout of any scenario; the longest needs a little over a minute.
const BOUND: Duration = Duration::from_secs(240);

/// A scenario that can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    Relay,
    Joins,
    Idle,
    ListChange,
    Churn,
    MassDisconnect,
    Reload,
    Files,
    ViewersMemory,
    Streams,
    RelayNodes,
    JoinsNodes,
    RedisCommands,
    UploadNodes,
    NodeDeath,
    Takeover,
    Access,
    AccessFlood,
}

/// Programs and settings that every scenario works with.
#[derive(Debug)]
pub struct Harness {
    /// The program `roomcast`.
    pub server: PathBuf,
    /// The program `echo`, when it was built.
    pub echo: Option<PathBuf>,
    pub cores: Cores,
    /// Shorter, for a first look.
    pub quick: bool,
    /// Connections that this machine lets one process have.
    pub connections: usize,
    /// Whether the server limits how fast it reads a connection, and can be told not to.
    pub limits_rate: bool,
    /// Encoding of uploaded media.
    pub upload: Form,
    /// The program `nginx`, when it is installed.
    pub nginx: Option<PathBuf>,
    /// The program `redis-server`, when it is installed.
    pub redis: Option<PathBuf>,
}

impl Scenario {
    /// Its name on the command line and in the report.
    pub fn name(self) -> &'static str {
        match self {
            Self::Relay => "relay",
            Self::Joins => "joins",
            Self::Idle => "idle",
            Self::ListChange => "list-change",
            Self::Churn => "churn",
            Self::MassDisconnect => "mass-disconnect",
            Self::Reload => "reload",
            Self::Files => "files",
            Self::ViewersMemory => "viewers-memory",
            Self::Streams => "streams",
            Self::RelayNodes => "relay-nodes",
            Self::JoinsNodes => "joins-nodes",
            Self::RedisCommands => "redis-commands",
            Self::UploadNodes => "upload-nodes",
            Self::NodeDeath => "node-death",
            Self::Takeover => "takeover",
            Self::Access => "access",
            Self::AccessFlood => "access-flood",
        }
    }

    /// The question that it answers.
    pub fn question(self) -> &'static str {
        match self {
            Self::Relay => "What does it cost to pass a 2 KB offer on, beside echoing the same bytes?",
            Self::Joins => "How fast do members connect and join calls?",
            Self::Idle => "What does a member cost that only sends heartbeats?",
            Self::ListChange => "How long until 5,000 viewers know that the publisher muted?",
            Self::Churn => "Does memory stay flat while 1,000 rooms a second come and go?",
            Self::MassDisconnect => "Is memory given back when 10,000 connections drop at once?",
            Self::Reload => {
                "How long from a part's last byte until 1, 100 and 5,000 waiting viewers have the playlist?"
            }
            Self::Files => "What does it cost to serve media and playlists, beside nginx and its files?",
            Self::ViewersMemory => "How much memory does a waiting viewer take, and how much a stream?",
            Self::Streams => "What do 50 broadcasts at once cost, and how fast are their parts taken and told?",
            Self::RelayNodes => "How long does an offer take to a member on another node, beside a bare PUBLISH?",
            Self::JoinsNodes => {
                "How fast do members join on 1, 2 and 4 nodes of one Redis, and what does it cost Redis?"
            }
            Self::RedisCommands => "How often is Redis asked for each operation, and what does that cost it?",
            Self::UploadNodes => "How long from a part's upload on one node to the playlist of a viewer on another?",
            Self::NodeDeath => "How long until the members of a node that was killed are gone?",
            Self::Takeover => "How long are 10,000 rooms without an owner whose node is stopped or killed?",
            Self::Access => "What do access tokens cost, beside an open server?",
            Self::AccessFlood => "How much longer do relays take while bad tokens come, beside as many 404s?",
        }
    }

    /// Carries it out.
    ///
    /// # Errors
    /// When it cannot be carried out, or not in time.
    pub async fn run(self, harness: &Harness) -> Result<Metrics, Error> {
        match self {
            Self::Relay => within(BOUND, "relay", relay::run(harness)).await,
            Self::Joins => within(BOUND, "joins", joins::run(harness)).await,
            Self::Idle => within(BOUND, "idle", idle::run(harness)).await,
            Self::ListChange => within(BOUND, "list-change", list_change::run(harness)).await,
            Self::Churn => within(BOUND, "churn", churn::run(harness)).await,
            Self::MassDisconnect => within(BOUND, "mass-disconnect", mass_disconnect::run(harness)).await,
            Self::Reload => within(BOUND, "reload", reload::run(harness)).await,
            Self::Files => within(BOUND, "files", files::run(harness)).await,
            Self::ViewersMemory => within(BOUND, "viewers-memory", viewers_memory::run(harness)).await,
            Self::Streams => within(BOUND, "streams", streams::run(harness)).await,
            Self::RelayNodes => within(BOUND, "relay-nodes", relay_nodes::run(harness)).await,
            Self::JoinsNodes => within(BOUND, "joins-nodes", joins_nodes::run(harness)).await,
            Self::RedisCommands => within(BOUND, "redis-commands", redis_commands::run(harness)).await,
            Self::UploadNodes => within(BOUND, "upload-nodes", upload_nodes::run(harness)).await,
            Self::NodeDeath => within(BOUND, "node-death", node_death::run(harness)).await,
            Self::Takeover => within(BOUND, "takeover", takeover::run(harness)).await,
            Self::Access => within(BOUND * 2, "access", access::run(harness)).await,
            Self::AccessFlood => within(BOUND, "access-flood", access_flood::run(harness)).await,
        }
    }
}

impl Harness {
    /// Starts a server with one worker and these flags.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn serve(&self, flags: &[&str]) -> Result<Program, Error> {
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--workers", "1", "--shutdown-timeout", "1s"];
        arguments.extend(flags);
        Program::start(&self.server, &arguments, self.cores).await
    }

    /// One number for a whole measurement, another for a first look.
    pub fn pick<T>(&self, whole: T, quick: T) -> T {
        if self.quick { quick } else { whole }
    }

    /// Returns the number of connections to use: `wanted`, or as many as the machine permits.
    pub fn client_count(&self, wanted: usize, metrics: &mut Metrics) -> usize {
        if self.connections < wanted {
            metrics.note(format!("the limit on open files permits {} of {wanted} connections", self.connections));
        }
        // Calls are of two.
        wanted.min(self.connections) & !1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_command_line() {
        for scenario in Scenario::value_variants() {
            let value = scenario.to_possible_value().unwrap();
            assert_eq!(value.get_name(), scenario.name());
        }
    }
}
