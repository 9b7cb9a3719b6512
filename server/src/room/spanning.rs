//! The actor of a room that spans nodes: proposals, errands and comparisons under way, one of each at a time.

use std::sync::atomic::Ordering;
use std::time::Duration;

use actix::{ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};

use roomcast_core::room::stage::Stage;
use roomcast_core::room::{Errand, Synced, Verdict};
use roomcast_protocol::id::RoomId;

use super::actor::RoomActor;
use super::message::{Heard, ResetRoom};
use super::shared::{self, Courier, Place, Question, carry, commit, document, failed, sync};
use crate::backplane::{Backplane, Failure};
use crate::clock::Clock;
use crate::live::Broadcasts;

/// The longest wait before a change is proposed anew, in milliseconds.
const MOST_JITTER: u64 = 64;
/// How often a room is compared though nothing is in doubt: it also keeps alive what all share of it.
const COMPARE: Duration = Duration::from_secs(15 * 60);
/// Before a comparison that failed is tried again.
const AGAIN: Duration = Duration::from_millis(300);

/// What is under way.
#[derive(Debug)]
pub struct Spanning {
    pub(super) place: Place,
    courier: Courier,
    /// Of a room that may broadcast.
    pub(super) broadcasts: Option<Broadcasts>,
    /// Whether they have been read.
    read: bool,
    /// Somebody on this node has looked for the room.
    pub(super) observed: bool,
    proposing: bool,
    /// Proposals that met another document, in a row.
    conflicts: u32,
    comparing: bool,
    compare_again: bool,
    /// How many times its broadcasts are being read or ended: the actor stays for that.
    pub(super) at_work: usize,
    over: bool,
}

impl Spanning {
    pub fn new(backplane: &Backplane, room: &RoomId) -> Self {
        Self {
            place: Place::new(backplane, room),
            courier: Courier::default(),
            proposing: false,
            conflicts: 0,
            comparing: false,
            compare_again: false,
            broadcasts: None,
            read: false,
            observed: false,
            at_work: 0,
            over: false,
        }
    }

    /// How far the clock that all share is ahead of this node's.
    pub fn ahead(&self, clock: Clock) -> i64 {
        self.place.backplane.now().0 / 1000 - i64::try_from(clock.now().0).unwrap_or(i64::MAX)
    }

    /// The broadcasts, if they are still to be read.
    pub(super) fn unread(&mut self) -> Option<Broadcasts> {
        let read = std::mem::replace(&mut self.read, true);
        self.broadcasts.clone().filter(|_| !read)
    }
}

impl RoomActor {
    /// Has what waits decided by all.
    pub(super) fn propose(&mut self, ctx: &mut Context<Self>) {
        let Some(spanning) = &mut self.spanning else { return };
        if spanning.proposing {
            return;
        }
        self.room.set_ahead(spanning.ahead(self.node.clock));
        spanning.place.renew();
        let exists = self.room.exists();
        let Some(proposal) = self.room.propose(self.node.clock.now()) else { return };
        let creates = !exists && proposal.document.is_some();
        spanning.proposing = true;
        let wait = jitter(spanning.conflicts);
        let place = spanning.place.clone();
        let asked = async move {
            actix_web::rt::time::sleep(wait).await;
            commit(place, proposal, false).await
        };
        ctx.spawn(asked.into_actor(self).map(move |verdict, actor, ctx| match verdict {
            Verdict::Committed { .. } | Verdict::Present { .. } => actor.read_broadcasts(verdict, creates, ctx),
            _ => actor.take_effect(verdict, ctx),
        }));
    }

    pub(super) fn take_effect(&mut self, verdict: Verdict, ctx: &mut Context<Self>) {
        let Some(spanning) = &mut self.spanning else { return };
        spanning.proposing = false;
        spanning.conflicts = match verdict {
            Verdict::Conflict { .. } => spanning.conflicts.saturating_add(1),
            _ => 0,
        };
        let effects = self.room.decided(self.node.clock.now(), verdict);
        self.carry_out(effects, None, ctx);
    }

    /// Sends something to other nodes, behind what is on its way already.
    pub(super) fn send_away(&mut self, errand: Errand, ctx: &mut Context<Self>) {
        let Some(spanning) = &mut self.spanning else { return };
        match errand {
            Errand::EndStreams => self.end_broadcasts(ctx),
            Errand::Replays { .. } => {}
            Errand::Compare { after } => {
                ctx.run_later(Duration::from_millis(after), Self::compare);
            }
            errand => {
                self.node.errands.fetch_add(1, Ordering::Relaxed);
                spanning.courier.push(errand);
                self.carry(ctx);
            }
        }
    }

    fn carry(&mut self, ctx: &mut Context<Self>) {
        let Some(spanning) = &mut self.spanning else { return };
        if spanning.courier.busy {
            return;
        }
        let load = spanning.courier.load();
        if load.is_empty() {
            return self.end_if_done(ctx);
        }
        spanning.courier.busy = true;
        spanning.place.renew();
        let count = load.len();
        let carried = carry(spanning.place.clone(), load);
        ctx.spawn(carried.into_actor(self).map(move |(mut answers, mut rest), actor, ctx| {
            let Some(spanning) = &mut actor.spanning else { return };
            if spanning.over {
                // What cannot go out at once does not any more.
                answers.extend(rest.drain(..).map(failed));
            }
            actor.node.errands.fetch_sub(count - rest.len(), Ordering::Relaxed);
            let waits = !rest.is_empty();
            spanning.courier.put_back(rest);
            for answer in answers {
                let effects = actor.room.answered(actor.node.clock.now(), answer);
                actor.carry_out(effects, None, ctx);
            }
            if waits {
                ctx.run_later(shared::AGAIN, Self::carry_on);
            } else {
                actor.carry_on(ctx);
            }
        }));
    }

    fn carry_on(&mut self, ctx: &mut Context<Self>) {
        if let Some(spanning) = &mut self.spanning {
            spanning.courier.busy = false;
        }
        self.carry(ctx);
    }

    /// Compares the room with what all share.
    pub(super) fn compare(&mut self, ctx: &mut Context<Self>) {
        let Some(spanning) = &mut self.spanning else { return };
        if spanning.comparing {
            spanning.compare_again = true;
            return;
        }
        if self.room.is_closed() {
            return;
        }
        spanning.comparing = true;
        let asked = self.ask_all();
        ctx.spawn(asked.into_actor(self).map(|answer, actor, ctx| {
            let Some(spanning) = &mut actor.spanning else { return };
            spanning.comparing = false;
            let again = std::mem::take(&mut spanning.compare_again);
            match answer {
                Ok(synced) => {
                    let effects = actor.room.synced(actor.node.clock.now(), synced);
                    actor.carry_out(effects, None, ctx);
                    if again {
                        actor.compare(ctx);
                    }
                }
                Err(_) => {
                    ctx.run_later(AGAIN, Self::compare);
                }
            }
        }));
    }

    /// Asks what all share of the room.
    pub(super) fn ask_all(&mut self) -> impl Future<Output = Result<Synced, Failure>> + use<> {
        let spanning = self.spanning.as_mut().expect("only rooms that span nodes ask");
        spanning.place.renew();
        let members = self.room.members_here();
        let stays = !members.is_empty() || spanning.observed;
        sync(spanning.place.clone(), Question { members, publishers: self.room.publishers().collect(), stays })
    }

    /// The room is over: the actor ends when what is on its way has arrived.
    pub(super) fn end_when_done(&mut self, ctx: &mut Context<Self>) {
        match &mut self.spanning {
            Some(spanning) => spanning.over = true,
            None => ctx.stop(),
        }
        self.end_if_done(ctx);
    }

    pub(super) fn end_if_done(&self, ctx: &mut Context<Self>) {
        let Some(spanning) = &self.spanning else { return };
        if spanning.over && spanning.at_work == 0 && spanning.courier.is_idle() {
            if let Some(broadcasts) = &spanning.broadcasts {
                broadcasts.stop();
            }
            ctx.stop();
        }
    }

    /// The document as it is now.
    pub(super) fn seen(&mut self) -> impl Future<Output = Option<(u64, Box<Stage>)>> + use<> {
        let spanning = self.spanning.as_mut().expect("only rooms that span nodes ask");
        let place = spanning.place.clone();
        async move { document(&place).await }
    }

    /// Compares now and then, as long as the actor lives.
    pub(super) fn compare_regularly(&self, ctx: &mut Context<Self>) {
        if self.spanning.is_some() {
            ctx.run_interval(COMPARE, Self::compare);
        }
    }
}

/// The more nodes want to change the same room at once, the further apart they try.
fn jitter(conflicts: u32) -> Duration {
    if conflicts == 0 {
        return Duration::ZERO;
    }
    let most = (1_u64 << conflicts.min(6)).min(MOST_JITTER);
    Duration::from_millis(getrandom::u64().unwrap_or(0) % (most + 1))
}

impl Handler<Heard> for RoomActor {
    type Result = ();

    fn handle(&mut self, Heard(news): Heard, ctx: &mut Self::Context) {
        let effects = self.room.heard(self.node.clock.now(), news);
        self.carry_out(effects, None, ctx);
    }
}

impl Handler<ResetRoom> for RoomActor {
    type Result = ();

    fn handle(&mut self, _: ResetRoom, ctx: &mut Self::Context) {
        self.compare(ctx);
        if let Some(broadcasts) = self.spanning.as_ref().and_then(|spanning| spanning.broadcasts.as_ref()) {
            broadcasts.reset();
        }
    }
}
