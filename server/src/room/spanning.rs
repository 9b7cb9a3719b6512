//! The actor of a room that spans nodes: proposals, errands and comparisons under way, one of each at a time.

use std::sync::atomic::Ordering;
use std::time::Duration;

use actix::{ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};

use roomcast_core::room::{Errand, Verdict};
use roomcast_protocol::id::RoomId;

use super::actor::RoomActor;
use super::message::{Heard, Live, Observe, ResetRoom};
use super::shared::{Courier, Place, Question, carry, commit, sync};
use crate::backplane::Backplane;
use crate::clock::Clock;

/// How long a room that only broadcasts here stays after the last look at it.
const OBSERVED: Duration = Duration::from_secs(30);
/// The longest wait before a change is proposed anew, in milliseconds.
const MOST_JITTER: u64 = 64;
/// How often a room is compared though nothing is in doubt: it also keeps alive what all share of it.
const COMPARE: Duration = Duration::from_secs(15 * 60);
/// Before a comparison that failed is tried again.
const AGAIN: Duration = Duration::from_millis(300);

/// What is under way.
#[derive(Debug)]
pub struct Spanning {
    place: Place,
    courier: Courier,
    proposing: bool,
    /// Proposals that met another document, in a row.
    conflicts: u32,
    comparing: bool,
    compare_again: bool,
    compared: bool,
    observed: u64,
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
            compared: false,
            observed: 0,
            over: false,
        }
    }

    /// How far the clock that all share is ahead of this node's.
    pub fn ahead(&self, clock: Clock) -> i64 {
        self.place.backplane.now().0 / 1000 - i64::try_from(clock.now().0).unwrap_or(i64::MAX)
    }

    /// Whether nothing is on its way any more; else the actor ends when it has arrived.
    pub fn may_end(&mut self) -> bool {
        self.over = true;
        self.place.ended.store(true, Ordering::Relaxed);
        self.courier.is_idle()
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
        let Some(proposal) = self.room.propose(self.node.clock.now()) else { return };
        spanning.proposing = true;
        let wait = jitter(spanning.conflicts);
        let place = spanning.place.clone();
        let asked = async move {
            actix_web::rt::time::sleep(wait).await;
            commit(place, proposal, false).await
        };
        ctx.spawn(asked.into_actor(self).map(|verdict, actor, ctx| actor.on_verdict(verdict, ctx)));
    }

    fn on_verdict(&mut self, verdict: Verdict, ctx: &mut Context<Self>) {
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
            Errand::EndStreams | Errand::Replays { .. } => {}
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
            if spanning.over {
                ctx.stop();
            }
            return;
        }
        spanning.courier.busy = true;
        spanning.place.renew();
        let count = load.len();
        let carried = carry(spanning.place.clone(), load);
        ctx.spawn(carried.into_actor(self).map(move |answers, actor, ctx| {
            actor.node.errands.fetch_sub(count, Ordering::Relaxed);
            if let Some(spanning) = &mut actor.spanning {
                spanning.courier.busy = false;
            }
            for answer in answers {
                let effects = actor.room.answered(actor.node.clock.now(), answer);
                actor.carry_out(effects, None, ctx);
            }
            actor.carry(ctx);
        }));
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
        spanning.place.renew();
        let members = self.room.members_here();
        let stays = !members.is_empty() || spanning.observed > 0;
        let question = Question { members, publishers: self.room.publishers().collect(), stays };
        let asked = sync(spanning.place.clone(), question);
        ctx.spawn(asked.into_actor(self).map(|answer, actor, ctx| {
            let Some(spanning) = &mut actor.spanning else { return };
            spanning.comparing = false;
            let again = std::mem::take(&mut spanning.compare_again);
            match answer {
                Ok(synced) => {
                    spanning.compared = true;
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

impl Handler<Live> for RoomActor {
    type Result = ();

    fn handle(&mut self, Live(_message): Live, _: &mut Self::Context) {}
}

impl Handler<ResetRoom> for RoomActor {
    type Result = ();

    fn handle(&mut self, _: ResetRoom, ctx: &mut Self::Context) {
        self.compare(ctx);
    }
}

impl Handler<Observe> for RoomActor {
    type Result = actix::MessageResult<Observe>;

    fn handle(&mut self, _: Observe, _: &mut Self::Context) -> Self::Result {
        let _ = OBSERVED;
        actix::MessageResult(self.room.exists())
    }
}
