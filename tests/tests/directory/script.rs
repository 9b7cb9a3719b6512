//! The scripts, called as a node calls them.

use std::time::Duration;

use roomcast_core::cluster::directory::{Asserted, Claimed, Context, Era, Journaled, LeaseAnswer, Looked, Write};
use roomcast_core::cluster::{BootId, ClusterSettings, Ownership};
use roomcast_core::time::Instant;
use roomcast_tests::redis::Redis;
use roomcast_tests::redis::resp::{Connection, Reply};

use crate::text::{era_of, era_text, hex, life_text, ownership_of, words};

/// Time and master as the test sets them.
const CLOCK: &str = "
local function now_ms() return tonumber(redis.call('HGET', 'context', 'now')) end
local function master() return redis.call('HGET', 'context', 'master') end
";

macro_rules! script {
    ($name:literal) => {
        concat!(
            include_str!("../../../server/src/backplane/directory/common.lua"),
            include_str!(concat!("../../../server/src/backplane/directory/", $name, ".lua"))
        )
    };
}

/// The scripts on a Redis, for one case.
pub struct Scripts {
    connection: Connection,
    prefix: String,
}

impl Scripts {
    pub async fn open(redis: &Redis, case: u32) -> Self {
        let connection = Connection::open(&redis.address()).await.expect("Redis answers");
        Self { connection, prefix: format!("case-{case}:") }
    }

    fn room(&self, index: usize) -> String {
        format!("{}room:{index}", self.prefix)
    }

    fn era(&self) -> String {
        format!("{}era", self.prefix)
    }

    fn nodes(&self) -> String {
        format!("{}nodes", self.prefix)
    }

    async fn call(&mut self, context: Context, body: &str, keys: &[String], args: &[String]) -> Reply {
        let (now, master) = (context.now.0.to_string(), format!("{:x}", context.master));
        self.connection.call(&["HSET", "context", "now", &now, "master", &master]).await.expect("Redis answers");
        let (source, count) = (format!("{CLOCK}{body}"), keys.len().to_string());
        let mut command = vec!["EVAL", &source, &count];
        command.extend(keys.iter().chain(args).map(String::as_str));
        let reply = self.connection.call(&command).await.expect("Redis answers");
        assert!(!matches!(reply, Reply::Error(_)), "{reply:?}");
        reply
    }

    fn lease_text() -> String {
        ClusterSettings::default().lease.as_millis().to_string()
    }

    pub async fn begin(&mut self, context: Context) -> Era {
        let keys = [self.era()];
        let reply = self.call(context, script!("begin"), &keys, &[Self::lease_text()]).await;
        era_of(reply.list()[0].text()).expect("an era")
    }

    pub async fn lease(&mut self, context: Context, boot: BootId, version: u16, peers: &[BootId]) -> LeaseAnswer {
        let mut args = vec![Self::lease_text(), hex(boot.0), version.to_string()];
        args.extend(peers.iter().map(|peer| hex(peer.0)));
        let keys = [self.nodes()];
        let reply = self.call(context, script!("lease"), &keys, &args).await;
        let boot = |text: &String| BootId(u64::from_str_radix(text, 16).expect("hexadecimal digits"));
        let (alive, dead) = (words(&reply.list()[0]), words(&reply.list()[1]));
        let dead =
            dead.chunks(2).map(|dead| (boot(&dead[0]), Duration::from_millis(dead[1].parse().expect("a number"))));
        let Reply::Int(version) = reply.list()[2] else { panic!("{reply:?}") };
        let version = u16::try_from(version).expect("a version");
        let time = Instant(reply.list()[3].text().parse().expect("a time"));
        LeaseAnswer { alive: alive.iter().map(boot).collect(), dead: dead.collect(), version, time }
    }

    pub async fn leave(&mut self, context: Context, boot: BootId) {
        let keys = [self.nodes()];
        self.call(context, script!("leave"), &keys, &[hex(boot.0)]).await;
    }

    pub async fn look(&mut self, context: Context, index: usize) -> Looked {
        let keys = [self.room(index), self.era()];
        let reply = self.call(context, script!("look"), &keys, &[Self::lease_text()]).await;
        let reply = words(&reply);
        match reply[0].as_str() {
            "wait" => Looked::Wait(Duration::from_millis(reply[1].parse().expect("a number"))),
            _ => ownership_of(&reply[1..]).map_or(Looked::Nothing, Looked::Stands),
        }
    }

    pub async fn claim(
        &mut self,
        context: Context,
        index: usize,
        expected: Option<Ownership>,
        mine: BootId,
        (random, fields): (u64, &[(u8, u8)]),
    ) -> Claimed<u8, u8> {
        let mut args = vec![Self::lease_text()];
        match expected {
            Some(expected) => args.extend(ownership_text(expected)),
            None => args.extend([String::new(), String::new(), String::new()]),
        }
        args.extend([hex(mine.0), hex(random)]);
        args.extend(pairs(fields));
        let keys = [self.room(index), self.era()];
        let reply = self.call(context, script!("claim"), &keys, &args).await;
        let reply = words(&reply);
        match reply[0].as_str() {
            "wait" => Claimed::Wait(Duration::from_millis(reply[1].parse().expect("a number"))),
            "won" => {
                let ownership = ownership_of(&[hex(mine.0), reply[1].clone(), reply[2].clone()]).expect("an ownership");
                let mut fields: Vec<(u8, u8)> = reply[6..]
                    .chunks(2)
                    .map(|pair| (pair[0].parse().expect("a number"), pair[1].parse().expect("a number")))
                    .collect();
                fields.sort_unstable();
                let journal = (reply[4] == "1").then_some(fields);
                Claimed::Won { ownership, journal, stale: reply[5] == "1", era: era_of(&reply[3]).expect("an era") }
            }
            _ => Claimed::Stands(ownership_of(&reply[1..])),
        }
    }

    pub async fn assert(&mut self, context: Context, index: usize, mine: Ownership) -> Asserted {
        let mut args = vec![Self::lease_text()];
        args.extend(ownership_text(mine));
        let keys = [self.era(), self.room(index)];
        let reply = self.call(context, script!("assert"), &keys, &args).await;
        let reply = words(&reply.list()[0]);
        match reply[0].as_str() {
            "done" => Asserted::Done,
            _ => Asserted::Stands(ownership_of(&reply[1..]).expect("an ownership")),
        }
    }

    pub async fn journal(&mut self, context: Context, index: usize, write: &Write<u8, u8>) -> Journaled {
        let mut args = vec![Self::lease_text()];
        args.extend(ownership_text(write.ownership));
        args.push(write.era.map(era_text).unwrap_or_default());
        args.push(write.number.to_string());
        let deleted: Vec<String> =
            write.changes.iter().filter(|(_, value)| value.is_none()).map(|(field, _)| field.to_string()).collect();
        args.push(deleted.len().to_string());
        args.extend(deleted);
        let set: Vec<(u8, u8)> = write.changes.iter().filter_map(|(field, value)| Some((*field, (*value)?))).collect();
        args.extend(pairs(&set));
        let keys = [self.room(index), self.era()];
        let reply = self.call(context, script!("journal"), &keys, &args).await;
        let reply = words(&reply);
        match reply[0].as_str() {
            "wait" => Journaled::Wait(Duration::from_millis(reply[1].parse().expect("a number"))),
            "done" => Journaled::Done,
            "lost" => Journaled::Lost,
            _ => Journaled::Fenced(ownership_of(&reply[1..]).expect("an ownership")),
        }
    }

    pub async fn release(&mut self, context: Context, index: usize, mine: Ownership, keep: Option<&[(u8, u8)]>) {
        let mut args = ownership_text(mine).to_vec();
        args.push(if keep.is_some() { "1" } else { "0" }.to_owned());
        args.extend(pairs(keep.unwrap_or_default()));
        let keys = [self.room(index), self.era()];
        self.call(context, script!("release"), &keys, &args).await;
    }
}

fn ownership_text(ownership: Ownership) -> [String; 3] {
    let owner = ownership.owner.map(|owner| hex(owner.0)).unwrap_or_default();
    [owner, life_text(ownership.life), hex(ownership.term)]
}

fn pairs(fields: &[(u8, u8)]) -> Vec<String> {
    fields.iter().flat_map(|(field, value)| [field.to_string(), value.to_string()]).collect()
}
