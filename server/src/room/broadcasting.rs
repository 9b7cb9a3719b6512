//! The broadcasts of a room that spans nodes: read before anybody here is told of them, and kept as long as the room.

use std::time::Duration;

use actix::{ActorFuture, ActorFutureExt, AsyncContext, Context, Handler, Message, ResponseActFuture, WrapFuture};

use roomcast_core::room::{Refusal, Verdict};
use roomcast_protocol::code::AckCode;

use super::actor::RoomActor;
use super::message::{CheckToken, Ingest, Live, MayBroadcast, Observe};
use crate::live::{Broadcasts, Playing};

/// How often the broadcasts are tried to be read before the room goes on without, and has them read later.
const TRIES: usize = 5;
const AGAIN: Duration = Duration::from_millis(100);

/// Which broadcasts play.
#[derive(Message)]
#[rtype(result = "()")]
struct Plays(Playing);

impl RoomActor {
    /// Begins to keep the broadcasts of a room that spans nodes.
    pub(super) fn keep_broadcasts(&mut self, ctx: &Context<Self>) {
        let (Some(spanning), Some(live)) = (&mut self.spanning, &self.live) else { return };
        let room = ctx.address().downgrade();
        let tell = move |playing| {
            if let Some(room) = room.upgrade() {
                room.do_send(Plays(playing));
            }
        };
        let settings = self.node.settings.broadcasts();
        let backplane = spanning.place.backplane.clone();
        spanning.broadcasts = Some(Broadcasts::new(backplane, self.id.clone(), live.clone(), settings, tell));
    }

    /// What is known of the broadcasts is read before the verdict takes effect. A new room begins without any.
    pub(super) fn read_broadcasts(&mut self, verdict: Verdict, creates: bool, ctx: &mut Context<Self>) {
        let Some(broadcasts) = self.spanning.as_mut().and_then(|spanning| spanning.unread()) else {
            return self.take_effect(verdict, ctx);
        };
        let read = async move {
            read(&broadcasts, creates).await;
            broadcasts.playing()
        };
        ctx.spawn(read.into_actor(self).map(|playing, actor, ctx| {
            // Whoever comes in by this is told of them at once.
            let effects = actor.room.broadcasts_play(actor.node.clock.now(), playing);
            actor.carry_out(effects, None, ctx);
            actor.take_effect(verdict, ctx);
        }));
    }

    /// The streamer has left.
    pub(super) fn end_broadcasts(&mut self, ctx: &mut Context<Self>) {
        let Some(broadcasts) = self.spanning.as_ref().and_then(|spanning| spanning.broadcasts.clone()) else { return };
        let ended = async move {
            if let Err(refusal) = broadcasts.end_all().await {
                tracing::warn!("a broadcast could not be ended: {refusal}");
            }
        };
        self.begin_work();
        ctx.spawn(ended.into_actor(self).map(|(), actor, ctx| actor.end_work(ctx)));
    }

    /// Checks an ingest token of a room that spans nodes. One that this node does not know may be newer than what it
    /// knows of the room.
    fn check_token(&mut self, token: String) -> impl ActorFuture<Self, Output = Result<(), Refusal>> + use<> {
        let known = self.room.check_token(self.node.clock.now(), &token);
        let seen = known.is_err().then(|| self.seen());
        let seen = async move {
            match seen {
                Some(seen) => seen.await,
                None => None,
            }
        };
        seen.into_actor(self).map(move |document, actor: &mut Self, ctx| {
            if let Some((version, stage)) = document {
                let effects = actor.room.seen(actor.node.clock.now(), version, stage);
                actor.carry_out(effects, None, ctx);
            }
            actor.room.check_token(actor.node.clock.now(), &token)
        })
    }

    fn begin_work(&mut self) {
        if let Some(spanning) = &mut self.spanning {
            spanning.at_work += 1;
        }
    }

    fn end_work(&mut self, ctx: &mut Context<Self>) {
        if let Some(spanning) = &mut self.spanning {
            spanning.at_work -= 1;
        }
        self.end_if_done(ctx);
    }
}

async fn read(broadcasts: &Broadcasts, creates: bool) {
    for _ in 0..TRIES {
        let begun = if creates { broadcasts.begin().await } else { Ok(()) };
        if begun.is_ok() && broadcasts.load().await.is_ok() {
            return;
        }
        actix_web::rt::time::sleep(AGAIN).await;
    }
    broadcasts.reset();
}

impl Handler<Plays> for RoomActor {
    type Result = ();

    fn handle(&mut self, Plays(playing): Plays, ctx: &mut Self::Context) {
        let effects = self.room.broadcasts_play(self.node.clock.now(), playing);
        self.carry_out(effects, None, ctx);
    }
}

impl Handler<Live> for RoomActor {
    type Result = ();

    fn handle(&mut self, Live(message): Live, _: &mut Self::Context) {
        if let Some(broadcasts) = self.spanning.as_ref().and_then(|spanning| spanning.broadcasts.as_ref()) {
            broadcasts.heard(&message);
        }
    }
}

impl Handler<CheckToken> for RoomActor {
    type Result = ResponseActFuture<Self, Result<(), Refusal>>;

    fn handle(&mut self, CheckToken { token }: CheckToken, _: &mut Self::Context) -> Self::Result {
        if self.spanning.is_none() {
            return Box::pin(actix::fut::ready(self.room.check_token(self.node.clock.now(), &token)));
        }
        Box::pin(self.check_token(token))
    }
}

impl Handler<MayBroadcast> for RoomActor {
    type Result = Result<(), Refusal>;

    fn handle(&mut self, MayBroadcast { user }: MayBroadcast, _: &mut Self::Context) -> Self::Result {
        self.room.may_broadcast(self.node.clock.now(), &user)
    }
}

impl Handler<Ingest> for RoomActor {
    type Result = ResponseActFuture<Self, Result<(), Refusal>>;

    fn handle(&mut self, ingest: Ingest, ctx: &mut Self::Context) -> Self::Result {
        let now = self.node.clock.now();
        let Some(spanning) = &self.spanning else {
            let taken = self.room.ingest(now, ingest.received, &ingest.token, ingest.payload);
            let taken = taken.map(|effects| self.carry_out(effects, None, ctx));
            return Box::pin(actix::fut::ready(taken));
        };
        let Some(broadcasts) = spanning.broadcasts.clone() else {
            return Box::pin(actix::fut::err(unsupported()));
        };
        let (received, payload) = (ingest.received, ingest.payload);
        let checked = self.check_token(ingest.token);
        Box::pin(checked.then(move |checked, actor, _| {
            async move {
                checked?;
                broadcasts.upload(received, payload).await
            }
            .into_actor(actor)
        }))
    }
}

fn unsupported() -> Refusal {
    Refusal { code: AckCode::UnsupportedChannel, reason: "only broadcasts take data signals".to_owned() }
}

impl Handler<Observe> for RoomActor {
    type Result = ResponseActFuture<Self, bool>;

    fn handle(&mut self, _: Observe, ctx: &mut Self::Context) -> Self::Result {
        let effects = self.room.observe(self.node.clock.now(), true);
        self.carry_out(effects, None, ctx);
        let Some(spanning) = &mut self.spanning else { return Box::pin(actix::fut::ready(self.room.exists())) };
        spanning.observed = true;
        let asked = self.ask_all();
        // The room may end meanwhile; what was broadcast is there all the same.
        self.begin_work();
        Box::pin(asked.into_actor(self).then(move |answer, actor, ctx| {
            let ended = answer.as_ref().is_ok_and(|synced| synced.closed.is_some());
            if let Ok(synced) = answer {
                let effects = actor.room.synced(actor.node.clock.now(), synced);
                actor.carry_out(effects, None, ctx);
            }
            let exists = actor.room.exists();
            // A room that is only being made begins without those of an earlier one.
            let spanning = actor.spanning.as_mut().filter(|_| exists || ended);
            let unread = spanning.and_then(|spanning| spanning.unread());
            let found = async move {
                if let Some(broadcasts) = unread {
                    read(&broadcasts, false).await;
                }
                exists || ended
            };
            found.into_actor(actor).map(move |found, actor, ctx| {
                if ended && !exists {
                    // Nobody comes into it any more; its broadcasts stay for who still watches.
                    let effects = actor.room.observe(actor.node.clock.now(), false);
                    actor.carry_out(effects, None, ctx);
                }
                actor.end_work(ctx);
                found
            })
        }))
    }
}
