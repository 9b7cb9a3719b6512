//! A check of Redis before the start: whether it can be reached, and whether a node can work with it.

use redis::aio::MultiplexedConnection;
use redis::{RedisResult, Value};

use super::cluster::{Range, ranges};
use super::connector::{Connection, Connector, Login, Purpose};
use super::permission::Refused;
use super::sentinel::Whereabouts;
use super::{advice, permission, sentinel, slot};
use crate::backplane::{BackplaneSettings, Partition, Script, Server, Topology};
use crate::token;

static PROBE: Script = Script::new(include_str!("probe.lua"));

/// The results of the check.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Sentences without secrets that name the setting, one for each unsuitable server.
    pub faults: Vec<String>,
    /// The checks that could not be made.
    pub unknown: Vec<String>,
}

/// Connects to every server, logs in and tries all operations that a node needs.
pub async fn reach(settings: &BackplaneSettings) -> Reached {
    let mut reached = Reached::default();
    let reach = match Reach::new(settings) {
        Ok(reach) => reach,
        Err(fault) => return Reached { faults: vec![fault], ..reached },
    };
    match reach.servers().await {
        Ok(servers) => {
            for (server, keys) in &servers {
                reach.look(server, keys, &mut reached).await;
            }
        }
        Err(fault) => reached.faults.push(fault),
    }
    let setting = format!("{} \"{}\"", settings.names.url, settings.address);
    reached.faults.iter_mut().for_each(|fault| fault.insert_str(0, &format!("{setting}: ")));
    reached
}

struct Reach<'a> {
    settings: &'a BackplaneSettings,
    connector: Connector,
}

impl<'a> Reach<'a> {
    fn new(settings: &'a BackplaneSettings) -> Result<Self, String> {
        Ok(Self { settings, connector: Connector::new(settings)? })
    }

    /// Returns the masters, each with keys that it has.
    async fn servers(&self) -> Result<Vec<(Server, Vec<String>)>, String> {
        let probe = token::random();
        let tags = Partition::all().map(|partition| partition.to_string()).chain(["L".to_owned()]);
        let mut keys = tags.map(|tag| (slot::of_tag(&tag), format!("rc:{{{tag}}}:probe:{probe}")));
        let place = match (&self.settings.address.topology, Whereabouts::of(&self.settings.address.topology)) {
            (Topology::Cluster(servers), _) => return assign(&self.masters(servers).await?, keys.collect()),
            (_, Some(place)) => place,
            (_, None) => return Ok(Vec::new()),
        };
        let server = sentinel::find(&self.connector, self.settings.timeout, &place).await?;
        Ok(vec![(server, keys.next().into_iter().map(|(_, key)| key).collect())])
    }

    /// Returns the masters of a cluster, as reported by the first server that answers.
    async fn masters(&self, servers: &[Server]) -> Result<Vec<Range>, String> {
        let mut reasons = Vec::new();
        for server in servers {
            match ranges(&self.connector, self.settings.timeout, server).await {
                Ok(ranges) => return Ok(ranges),
                Err(reason) => reasons.push(reason),
            }
        }
        Err(reasons.join("; "))
    }

    async fn look(&self, server: &Server, keys: &[String], reached: &mut Reached) {
        let found = async {
            let mut connection = self.connect(server).await?;
            let mut refused = self.try_scripts(&mut connection.commands, keys).await?;
            let mut subscriber = self.connect(server).await?;
            refused.extend(self.try_subscribing(&mut subscriber.commands, keys).await?);
            if !refused.is_empty() {
                return Err(permission::sentence(&refused));
            }
            self.policy(&mut connection.commands).await
        };
        match found.await {
            Ok(None) => reached.unknown.push(format!(
                "{server} does not tell its maxmemory-policy, which must be noeviction: let this user run INFO (+info)"
            )),
            Ok(Some(policy)) if policy != "noeviction" => reached.faults.push(format!(
                "{server} removes keys when its memory is full: set maxmemory-policy noeviction there, in place of {policy}"
            )),
            Ok(Some(_)) => {}
            Err(fault) => reached.faults.push(format!("{server} {fault}")),
        }
    }

    async fn connect(&self, server: &Server) -> Result<Connection, String> {
        let purpose = Purpose { login: Login::Ours, timeout: self.settings.timeout, push: None };
        let mut connection = self.connector.try_connect(server, purpose).await?;
        if matches!(self.settings.address.topology, Topology::Sentinel { .. }) {
            sentinel::verify_master(&mut connection.commands, self.connector.advice()).await?;
        }
        Ok(connection)
    }

    /// Runs a script that uses the same commands as the scripts of the server, on keys of its own.
    async fn try_scripts(&self, connection: &mut MultiplexedConnection, keys: &[String]) -> Result<Refused, String> {
        let mut refused = Refused::new();
        let loaded = redis::cmd("SCRIPT").arg("LOAD").arg(PROBE.source()).exec_async(connection).await;
        self.permitted(loaded, "script|load", &mut refused)?;
        for key in keys {
            let (publish, _) = self.publishing();
            let mut call = redis::cmd("EVALSHA");
            call.arg(PROBE.name()).arg(4);
            for number in 1..=4 {
                call.arg(format!("{key}:{number}"));
            }
            let answer = call.arg(publish).arg(key).query_async::<Vec<String>>(connection).await;
            let unloaded = answer.as_ref().is_err_and(|error| error.code() == Some("NOSCRIPT"));
            if !unloaded || refused.is_empty() {
                let told = self.permitted(answer, "evalsha", &mut refused)?.unwrap_or_default();
                refused.extend(told.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())));
            }
        }
        Ok(refused)
    }

    async fn try_subscribing(
        &self,
        connection: &mut MultiplexedConnection,
        keys: &[String],
    ) -> Result<Refused, String> {
        let (_, subscribe) = self.publishing();
        let mut refused = Refused::new();
        for key in keys {
            let subscribed = redis::cmd(subscribe).arg(key).exec_async(connection).await;
            self.permitted(subscribed, subscribe, &mut refused)?;
        }
        Ok(refused)
    }

    /// Evaluates an answer: a missing permission is collected in `refused`, any other error is explained.
    fn permitted<T>(&self, answer: RedisResult<T>, command: &str, refused: &mut Refused) -> Result<Option<T>, String> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.code() == Some("NOPERM") => {
                refused.push((command.to_owned(), advice::detail(&error)));
                Ok(None)
            }
            Err(error) => Err(self.connector.advice().explain(&error, Login::Ours)),
        }
    }

    /// Returns the names of the commands that publish and subscribe.
    fn publishing(&self) -> (&'static str, &'static str) {
        let is_cluster = matches!(self.settings.address.topology, Topology::Cluster(_));
        if is_cluster { ("SPUBLISH", "SSUBSCRIBE") } else { ("PUBLISH", "SUBSCRIBE") }
    }

    /// Returns the server's `maxmemory-policy`; `None` if this user may not read it.
    async fn policy(&self, connection: &mut MultiplexedConnection) -> Result<Option<String>, String> {
        let told = redis::cmd("INFO").arg("memory").query_async::<Value>(connection).await;
        let text = match told {
            Ok(Value::BulkString(text)) => String::from_utf8_lossy(&text).into_owned(),
            Ok(Value::VerbatimString { text, .. }) => text,
            _ => return Ok(None),
        };
        let policy = text.lines().find_map(|line| line.trim().strip_prefix("maxmemory_policy:"));
        Ok(policy.map(str::to_owned))
    }
}

/// Assigns to each master one of the keys in its slots.
fn assign(ranges: &[Range], keys: Vec<(u16, String)>) -> Result<Vec<(Server, Vec<String>)>, String> {
    let mut masters: Vec<(Server, Vec<String>)> = Vec::new();
    for (slot, key) in keys {
        let range = ranges.iter().find(|range| (range.first..=range.last).contains(&i64::from(slot)));
        let master = &range.ok_or_else(|| format!("slot {slot} has no master: assign every slot"))?.master;
        if !masters.iter().any(|(server, _)| server == master) {
            masters.push((master.clone(), vec![key]));
        }
    }
    Ok(masters)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    /// The commands in the calls of a script.
    fn commands(text: &str, call: &str) -> BTreeSet<String> {
        text.split(call).skip(1).filter_map(|rest| Some(rest.split_once('\'')?.0.to_owned())).collect()
    }

    fn scripts(folder: &Path, texts: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                scripts(&path, texts);
            } else if path.extension().is_some_and(|extension| extension == "lua") {
                texts.push(std::fs::read_to_string(path).expect("a script"));
            }
        }
    }

    #[test]
    fn the_probe_tries_every_command_of_every_script() {
        let mut texts = Vec::new();
        scripts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut texts);
        let used: BTreeSet<_> = texts.iter().flat_map(|text| commands(text, "call('")).collect();
        assert!(texts.len() > 10 && used.len() > 10, "{used:?}");
        let tried = commands(super::PROBE.source(), "try('");
        assert_eq!(used.difference(&tried).collect::<Vec<_>>(), Vec::<&String>::new());
    }
}
