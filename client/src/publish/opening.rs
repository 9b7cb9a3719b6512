//! Everything before the first part: the input, the membership in the room, the numbers of an earlier run.
//!
//! The input is opened first: what cannot be published opens no room.

use std::collections::HashMap;
use std::time::Duration;

use reqwest::StatusCode;
use roomcast_media::package::{Config, Earlier, Packager};
use roomcast_media::{Handler, Item};
use roomcast_protocol::ack::{JoinAck, Participant, Role};
use roomcast_protocol::code::AckCode;
use roomcast_protocol::id::{ObjectId, RoomId, SessionId};
use roomcast_protocol::signal::{Category, Host, RoomType, Session};
use tokio::sync::watch;

use super::Publish;
use super::earlier;
use super::pace::{LIVE_SLACK, Pace};
use super::pipeline::{Broadcast, Packaging, RoomMembership};
use super::progress::Progress;
use super::source::Source;
use crate::access::bearer;
use crate::upload::{Ingest, Uploader};
use crate::{AccessToken, Error, Events, Member, MemberEvent, Options, ServerAddress, Trust};

/// Timeout for the playlist of an earlier run.
const PLAYLIST_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) async fn open<P: FnMut(Progress)>(options: Publish, mut show: P) -> Result<Broadcast<P>, Error> {
    let config = options.config()?;
    let server = ServerAddress::parse(&options.server_url)?;
    let mut source = Source::open(options.input.clone())?;
    let first = source.next().await?;
    let (member, mut events) = join(&options, first.as_ref())?;
    let mut progress = Progress::default();
    let ack = joined(&mut events, &options.room, |state| {
        progress.state = state;
        show(progress);
    })
    .await?;
    if let Some(other) = other_on_air(&ack.participants.0, &options.session)
        && (!options.take_over || other.user_id != options.user)
    {
        let is_same_user = other.user_id == options.user;
        let _ = member.leave().await;
        return Err(if is_same_user { Error::OnAir(options.room) } else { Error::AnotherPublisher(options.room) });
    }
    let room = options.room;
    let (ingest, fresh) = watch::channel(ingest_of(&ack, &server, &room)?);
    let live = Live { trust: &options.trust, token: options.access_token.as_ref(), server: &server, room: &room };
    let earlier = find_earlier(&live, &config, &options.variant, first.as_ref()).await?;
    let packager = Packager::new(config, Duration::ZERO);
    let slack = if source.is_live() { LIVE_SLACK } else { Duration::ZERO };
    let (uploader, reports) = Uploader::start(fresh, options.limits, &options.trust)?;
    let seat = RoomMembership { server, room, session: options.session, member, events, ingest };
    let packaging = Packaging { packager, input: options.variant, earlier };
    let mut broadcast = Broadcast::new(source, packaging, Pace::new(slack), seat, (uploader, reports), progress, show);
    if let Some(item) = first {
        broadcast.take(item)?;
    }
    Ok(broadcast)
}

fn join(options: &Publish, first: Option<&Item>) -> Result<(Member, Events), Error> {
    let tracks = if let Some(Item::Init(init)) = first { &init.tracks[..] } else { &[] };
    let has = |handler| tracks.iter().any(|track| track.handler == handler);
    let session = Session {
        user_id: options.user.clone(),
        session_id: options.session.clone(),
        category: Category::Stream,
        host: Host::Server,
        device_id: "roomcast-client".to_owned(),
    };
    Member::join(Options {
        server_url: options.server_url.clone(),
        access_token: options.access_token.clone(),
        trust: options.trust.clone(),
        room: options.room.clone(),
        room_type: RoomType::P2m,
        session,
        video: has(Handler::Video),
        audio: has(Handler::Audio),
        creating: options.creating,
    })
}

async fn joined(
    events: &mut Events,
    room: &RoomId,
    mut moved: impl FnMut(roomcast_protocol::client::State),
) -> Result<JoinAck, Error> {
    while let Some(event) = events.next().await {
        match event {
            MemberEvent::Joined(ack) => return Ok(*ack),
            MemberEvent::StateChanged(state) => moved(state),
            event => ended_by(event, room).map_or(Ok(()), Err)?,
        }
    }
    Err(Error::Gone)
}

/// Another session that publishes in the room.
pub(super) fn other_on_air<'a>(publishers: &'a [Participant], own: &SessionId) -> Option<&'a Participant> {
    publishers.iter().find(|publisher| publisher.session_id != *own)
}

/// Returns the error that an event means, if it means the end.
pub(super) fn ended_by(event: MemberEvent, room: &RoomId) -> Option<Error> {
    match event {
        MemberEvent::Refused { signal, code, .. }
            if signal == "JOIN" && code == AckCode::UnsupportedChannel.number() =>
        {
            Some(Error::NoBroadcast(room.clone()))
        }
        MemberEvent::Refused { signal, code, message } if signal == "JOIN" => Some(Error::Refused { code, message }),
        MemberEvent::Kicked => Some(Error::Kicked(room.clone())),
        MemberEvent::RoomClosed(reason) => Some(Error::RoomClosed(reason)),
        MemberEvent::Closed { code, reason } => Some(Error::Closed { code, reason }),
        MemberEvent::Unreachable { reason } => Some(Error::Unreachable { reason }),
        MemberEvent::Refused { signal, code, message } => {
            tracing::warn!(signal, code, message, "the server refused a signal");
            None
        }
        _ => None,
    }
}

/// Returns the address and token for uploads, or an error if the member may not upload.
pub(super) fn ingest_of(ack: &JoinAck, server: &ServerAddress, room: &RoomId) -> Result<Ingest, Error> {
    let address = ack.hls.as_ref().and_then(|hls| hls.ingest.as_ref());
    match address.filter(|_| ack.role != Role::Viewer) {
        Some(address) => Ok(Ingest { url: server.resolve(&address.url)?, token: address.token.clone() }),
        None => Err(Error::AnotherPublisher(room.clone())),
    }
}

/// Finds the playlists of a room.
struct Live<'a> {
    trust: &'a Trust,
    token: Option<&'a AccessToken>,
    server: &'a ServerAddress,
    room: &'a RoomId,
}

/// The numbers behind those of an earlier run of each track, in this room or one before it of its name. A token that
/// does not grant to play finds none.
async fn find_earlier(
    Live { trust, token, server, room }: &Live<'_>,
    config: &Config,
    variant: &ObjectId,
    first: Option<&Item>,
) -> Result<HashMap<ObjectId, Earlier>, Error> {
    let mut found = HashMap::new();
    let Some(Item::Init(init)) = first else { return Ok(found) };
    for track in Packager::tracks_of(variant, init) {
        let path = format!("/live/{room}/{}/{track}/playlist.m3u8", config.playlist);
        let mut request = trust.http()?.get(server.resolve(&path)?).timeout(PLAYLIST_TIMEOUT);
        if let Some(token) = token {
            let fetched = token.fetch().await.map_err(|reason| Error::Unreachable { reason })?;
            request = bearer(request, &fetched)?;
        }
        let response = request.send().await?;
        if response.status() == StatusCode::OK
            && let Some(earlier) = earlier::read(&response.text().await?)
        {
            found.insert(track, earlier);
        }
    }
    Ok(found)
}
