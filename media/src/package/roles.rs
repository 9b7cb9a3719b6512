//! Roles of tracks: variants, and renditions of the group `audio`.
//!
//! Video with sound is a variant. Video alone is one that finds its sound in the group, if there is any; sound alone
//! is a rendition of the group if there is video alone, and otherwise a variant of its own; where its stream brings
//! further audio, that are renditions beside it, and it is a member of the group, too. A decision stays so, but for
//! video that finds a group later.

use std::time::Duration;

use roomcast_protocol::id::ObjectId;

use super::track::{Role, Track};
use super::{Packager, Signal};
use crate::Handler;

/// The group of renditions of sound.
const GROUP: &str = "audio";

impl Packager {
    /// Decides what can be decided, and emits the signals of tracks with a role.
    pub(super) fn settle(&mut self, now: Duration) -> Vec<Signal> {
        self.decide(now);
        let sound = self.group_codecs();
        let mut signals = Vec::new();
        self.fit_parts();
        // Everything is declared before anything plays; variants first: the first of them makes the playlist.
        for (everything, rendition) in [(false, false), (false, true), (true, false), (true, true)] {
            for track in self.tracks.values_mut() {
                if matches!(track.role, Some(Role::Rendition { .. })) == rendition {
                    track.emit(&self.config, sound.as_deref(), everything, &mut signals);
                }
            }
        }
        if self.group_plays() {
            let alone = Some(Role::Variant { audio: None });
            for track in self.tracks.values_mut().filter(|track| track.role == alone && is_mute(track)) {
                track.role = Some(Role::Variant { audio: Some(group_id()) });
            }
        }
        // The group may have got other codecs than when its variants were declared.
        let of_group = Some(Role::Variant { audio: Some(group_id()) });
        let names_group = |track: &Track| track.role == of_group || matches!(track.role, Some(Role::Choice { .. }));
        for track in self.tracks.values_mut().filter(|track| names_group(track)) {
            track.declare_again(&self.config, sound.as_deref(), &mut signals);
        }
        signals
    }

    /// Returns the codecs of all renditions of the group, if there is one: players go by what they may have to decode.
    fn group_codecs(&self) -> Option<String> {
        let group = self.tracks.values().filter(|track| is_member(track));
        let codecs: Vec<String> = group.map(Track::codecs).collect();
        (!codecs.is_empty()).then(|| codecs.join(","))
    }

    /// Returns whether something is to be decided although nothing came.
    pub fn is_due(&self, now: Duration) -> bool {
        let waits = |track: &Track| track.role.is_none() && track.has_begun();
        now >= self.opening_ends && self.tracks.values().any(waits)
    }

    /// Lets tracks that come late begin anew with parts no longer than those that play: players were told so.
    fn fit_parts(&mut self) {
        let new = |track: &&Track| track.role.is_some() && !track.is_declared;
        if let Some(longest) = self.longest_part {
            let is_longer = |track: &Track| track.part_target() > Some(longest);
            self.tracks
                .values_mut()
                .filter(|track| new(&&**track) && is_longer(track))
                .for_each(|track| track.restart(longest));
        } else {
            self.longest_part = self.tracks.values().filter(new).filter_map(Track::part_target).max();
        }
        self.tracks.values_mut().filter(|track| track.role.is_some()).for_each(|track| track.is_declared = true);
    }

    fn group_plays(&self) -> bool {
        self.tracks.values().any(|track| is_member(track) && track.is_heard())
    }

    fn decide(&mut self, now: Duration) {
        let is_full = |track: &Track| track.pending_bytes() > self.config.held;
        let over = now >= self.opening_ends || self.tracks.values().any(is_full);
        let mute = self.tracks.values().any(|track| is_mute(track) && track.is_heard());
        let is_free = |track: &Track| !matches!(track.role, Some(Role::Variant { .. }));
        let sound = self.tracks.values().any(|track| is_sound(track) && track.is_heard() && is_free(track));
        let is_default = |track: &Track| {
            matches!(track.role, Some(Role::Rendition { default: true } | Role::Choice { default: true }))
        };
        let mut first = !self.tracks.values().any(is_default);
        let new = self.tracks.iter().filter(|(_, track)| track.role.is_none() && track.is_heard());
        for id in new.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            let role = match self.tracks.get(&id).map(|track| (is_mute(track), is_sound(track))) {
                Some((true, _)) if sound => Some(Role::Variant { audio: Some(group_id()) }),
                Some((_, true)) if mute => Some(Role::Rendition { default: std::mem::take(&mut first) }),
                Some((true, _) | (_, true)) if !over => None,
                Some((_, true)) => self.choose_audio(&id, &mut first),
                _ => Some(Role::Variant { audio: None }),
            };
            if let Some(track) = self.tracks.get_mut(&id) {
                track.role = role;
            }
        }
    }

    /// Returns the role of audio without any video; `None` where it waits for the audio to which it is a choice.
    fn choose_audio(&self, id: &ObjectId, first: &mut bool) -> Option<Role> {
        let track = self.tracks.get(id)?;
        let beside = track.beside.as_ref().and_then(|beside| self.tracks.get(beside));
        let has_choice = self.tracks.values().any(|other| other.beside.as_ref() == Some(id) && is_sound(other));
        match beside.map(|leading| &leading.role) {
            Some(Some(Role::Choice { .. } | Role::Rendition { .. })) => {
                Some(Role::Rendition { default: std::mem::take(first) })
            }
            Some(None) if track.pending_bytes() <= self.config.held => None,
            None if has_choice => Some(Role::Choice { default: std::mem::take(first) }),
            _ => Some(Role::Variant { audio: None }),
        }
    }
}

/// Returns whether a track has video and no audio.
fn is_mute(track: &Track) -> bool {
    track.has(Handler::Video) && !track.has(Handler::Audio)
}

/// Returns whether a track is a member of the group.
fn is_member(track: &Track) -> bool {
    matches!(track.role, Some(Role::Rendition { .. } | Role::Choice { .. }))
}

/// Returns whether a track is audio alone.
fn is_sound(track: &Track) -> bool {
    !track.has(Handler::Video)
}

pub(super) fn group_id() -> ObjectId {
    ObjectId::parse(GROUP).expect("five letters")
}
