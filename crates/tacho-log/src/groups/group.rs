//! The state machine of one group, as Kafka's: members join, the leader assigns, all get their share; when one comes or
//! goes it begins again. Time comes in from outside.

use super::{GroupError, member::Member};
use bytes::Bytes;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tokio::{sync::oneshot, time::Instant};

pub(crate) type Reply<T> = Result<T, GroupError>;

/// A client wants to be a member.
#[derive(Debug, Clone, Default)]
pub(crate) struct Join {
    /// Empty the first time.
    pub(crate) member_id: String,
    /// Whether a client without an id is only given one, and must come again.
    pub(crate) is_id_required: bool,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) session_timeout: Duration,
    /// How long the others wait for it in a rebalance.
    pub(crate) rebalance_timeout: Duration,
    /// `consumer`, mostly.
    pub(crate) protocol_type: String,
    /// Assignment strategies with the client's data for each, best first.
    pub(crate) protocols: Vec<(String, Bytes)>,
}

/// A member of a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) member_id: String,
    pub(crate) generation: i32,
    pub(crate) protocol_type: String,
    pub(crate) protocol: String,
    pub(crate) leader: String,
    /// For the leader: all members with their data.
    pub(crate) members: Vec<(String, Bytes)>,
}

/// A member wants its assignment; the leader brings those of all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sync {
    pub(crate) member_id: String,
    pub(crate) generation: i32,
    /// What the member takes for the group's, from newer clients.
    pub(crate) protocol_type: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) assignments: Vec<(String, Bytes)>,
}

/// A member's assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Synced {
    pub(crate) protocol_type: String,
    pub(crate) protocol: String,
    pub(crate) assignment: Bytes,
}

/// A group for those who look at it.
#[derive(Debug, Clone, Default)]
pub(crate) struct GroupView {
    pub(crate) phase: Phase,
    pub(crate) protocol_type: String,
    pub(crate) protocol: String,
    pub(crate) members: Vec<MemberView>,
}

#[derive(Debug, Clone)]
pub(crate) struct MemberView {
    pub(crate) member_id: String,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) metadata: Bytes,
    pub(crate) assignment: Bytes,
}

/// Where a group stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Phase {
    #[default]
    Empty,
    /// Members join.
    PreparingRebalance,
    /// The leader assigns.
    CompletingRebalance,
    Stable,
}

impl Phase {
    /// Kafka's words.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Phase::Empty => "Empty",
            Phase::PreparingRebalance => "PreparingRebalance",
            Phase::CompletingRebalance => "CompletingRebalance",
            Phase::Stable => "Stable",
        }
    }
}

pub(super) struct Group {
    initial_delay: Duration,
    phase: Phase,
    generation: i32,
    protocol_type: String,
    protocol: String,
    leader: String,
    members: BTreeMap<String, Member>,
    /// Ids that have been given out and not come back yet, and until when they may.
    pending: BTreeMap<String, Instant>,
    /// While members join: until when. While the leader assigns: until when.
    deadline: Option<Instant>,
    /// The first rebalance does not end before.
    not_before: Option<Instant>,
}

impl Group {
    pub(super) fn new(initial_delay: Duration) -> Self {
        Self {
            initial_delay,
            phase: Phase::Empty,
            generation: 0,
            protocol_type: String::new(),
            protocol: String::new(),
            leader: String::new(),
            members: BTreeMap::new(),
            pending: BTreeMap::new(),
            deadline: None,
            not_before: None,
        }
    }

    /// Members, and those to be.
    pub(super) fn members_len(&self) -> usize {
        self.members.len() + self.pending.len()
    }

    pub(super) fn has_members(&self) -> bool {
        !self.members.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.members_len() == 0
    }

    pub(super) fn join(&mut self, now: Instant, join: Join, new_id: String, reply: oneshot::Sender<Reply<Joined>>) {
        let id = join.member_id.clone();
        if !self.accepts(&join) {
            drop(reply.send(Err(GroupError::InconsistentProtocol)));
        } else if id.is_empty() && join.is_id_required {
            self.pending.insert(new_id.clone(), now + join.session_timeout);
            drop(reply.send(Err(GroupError::MemberIdRequired(new_id))));
        } else if id.is_empty() {
            self.add(now, new_id, join, reply);
        } else if self.pending.remove(&id).is_some() {
            self.add(now, id, join, reply);
        } else if self.members.contains_key(&id) {
            self.rejoin(now, &id, join, reply);
        } else {
            drop(reply.send(Err(GroupError::UnknownMember)));
        }
    }

    /// True if the client and all other members have a protocol in common.
    fn accepts(&self, join: &Join) -> bool {
        let mut others =
            self.members.iter().filter(|(id, _)| **id != join.member_id).map(|(_, member)| member).peekable();
        if join.protocol_type.is_empty() || join.protocols.is_empty() {
            return false;
        }
        if others.peek().is_none() {
            return true;
        }
        let others: Vec<&Member> = others.collect();
        let is_common = |name: &str| others.iter().all(|member| member.supports(name));
        self.protocol_type == join.protocol_type && join.protocols.iter().any(|(name, _)| is_common(name))
    }

    fn add(&mut self, now: Instant, id: String, join: Join, reply: oneshot::Sender<Reply<Joined>>) {
        if self.members.is_empty() {
            self.protocol_type.clone_from(&join.protocol_type);
        }
        self.members.insert(id, Member::new(now, join, reply));
        match self.phase {
            Phase::PreparingRebalance => self.complete_if_all_joined(now),
            _ => self.rebalance(now),
        }
    }

    fn rejoin(&mut self, now: Instant, id: &str, join: Join, reply: oneshot::Sender<Reply<Joined>>) {
        let (phase, is_leader) = (self.phase, self.leader == id);
        let member = self.members.get_mut(id).expect("the caller has seen the member");
        let is_changed = member.protocols != join.protocols;
        // Without news, the answer may have been lost: it is given again. A leader that joins again wants to assign.
        let wants_rebalance = is_changed || (phase == Phase::Stable && is_leader);
        if phase == Phase::PreparingRebalance {
            member.rejoin(now, join, reply);
            self.complete_if_all_joined(now);
        } else if wants_rebalance {
            member.rejoin(now, join, reply);
            self.rebalance(now);
        } else {
            member.refresh(now);
            drop(reply.send(Ok(self.joined(id))));
        }
    }

    pub(super) fn sync(&mut self, now: Instant, sync: Sync, reply: oneshot::Sender<Reply<Synced>>) {
        let is_other = |told: &Option<String>, ours: &String| told.as_ref().is_some_and(|told| told != ours);
        let checked = self.check_member(&sync.member_id, sync.generation).and_then(|()| {
            let is_inconsistent =
                is_other(&sync.protocol_type, &self.protocol_type) || is_other(&sync.protocol, &self.protocol);
            if is_inconsistent { Err(GroupError::InconsistentProtocol) } else { Ok(()) }
        });
        let checked = match self.phase {
            Phase::PreparingRebalance => checked.and(Err(GroupError::RebalanceInProgress)),
            _ => checked,
        };
        if let Err(error) = checked {
            drop(reply.send(Err(error)));
            return;
        }
        let member = self.members.get_mut(&sync.member_id).expect("the member has been checked");
        member.refresh(now);
        member.syncing = Some(reply);
        if self.phase == Phase::CompletingRebalance && sync.member_id == self.leader {
            for (id, assignment) in sync.assignments {
                if let Some(member) = self.members.get_mut(&id) {
                    member.assignment = assignment;
                }
            }
            self.phase = Phase::Stable;
            self.deadline = None;
        }
        if self.phase == Phase::Stable {
            self.hand_out();
        }
    }

    /// Gives all that wait for them their assignments.
    fn hand_out(&mut self) {
        let (protocol_type, protocol) = (&self.protocol_type, &self.protocol);
        for member in self.members.values_mut() {
            let assignment = member.assignment.clone();
            member.answer_sync(Ok(Synced {
                protocol_type: protocol_type.clone(),
                protocol: protocol.clone(),
                assignment,
            }));
        }
    }

    pub(super) fn heartbeat(&mut self, now: Instant, member_id: &str, generation: i32) -> Result<(), GroupError> {
        self.check_member(member_id, generation)?;
        self.refresh(now, member_id);
        if self.phase == Phase::PreparingRebalance { Err(GroupError::RebalanceInProgress) } else { Ok(()) }
    }

    /// A member may commit what it has done while others join already, but not for a generation without assignments.
    pub(super) fn check_commit(&mut self, now: Instant, member_id: &str, generation: i32) -> Result<(), GroupError> {
        self.check_member(member_id, generation)?;
        self.refresh(now, member_id);
        if self.phase == Phase::CompletingRebalance { Err(GroupError::RebalanceInProgress) } else { Ok(()) }
    }

    pub(super) fn leave(&mut self, now: Instant, member_id: &str) -> Result<(), GroupError> {
        if self.pending.remove(member_id).is_some() {
            self.complete_if_all_joined(now);
            return Ok(());
        }
        self.remove(member_id).ok_or(GroupError::UnknownMember)?;
        self.after_removal(now);
        Ok(())
    }

    /// Does what is due at `now`.
    pub(super) fn expire(&mut self, now: Instant) {
        self.pending.retain(|_, until| *until > now);
        if self.not_before.is_some_and(|time| time <= now) {
            self.not_before = None;
        }
        let is_due = self.deadline.is_some_and(|deadline| deadline <= now);
        let phase = self.phase;
        let is_lost = |member: &Member| {
            let is_late = match phase {
                Phase::PreparingRebalance => is_due && !member.has_joined(),
                Phase::CompletingRebalance => is_due && member.syncing.is_none(),
                Phase::Empty | Phase::Stable => false,
            };
            is_late || (!member.is_waiting() && member.session_deadline <= now)
        };
        let lost = self.members.iter().filter(|(_, member)| is_lost(member)).map(|(id, _)| id.clone());
        let lost: Vec<String> = lost.collect();
        for id in &lost {
            tracing::info!(member = %id, "a member of a consumer group has not been heard of in time");
            self.remove(id);
        }
        if phase == Phase::PreparingRebalance && is_due {
            self.complete(now);
        } else if phase == Phase::PreparingRebalance || !lost.is_empty() {
            self.after_removal(now);
        }
    }

    /// When [`Self::expire`] has something to do next, unless something happens.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let sessions =
            self.members.values().filter(|member| !member.is_waiting()).map(|member| member.session_deadline);
        sessions.chain(self.pending.values().copied()).chain(self.deadline).chain(self.not_before).min()
    }

    pub(super) fn view(&self) -> GroupView {
        let member = |(id, member): (&String, &Member)| MemberView {
            member_id: id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            metadata: member.metadata(&self.protocol),
            assignment: member.assignment.clone(),
        };
        GroupView {
            phase: self.phase,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            members: self.members.iter().map(member).collect(),
        }
    }

    fn check_member(&self, member_id: &str, generation: i32) -> Result<(), GroupError> {
        if !self.members.contains_key(member_id) {
            return Err(GroupError::UnknownMember);
        }
        if generation == self.generation { Ok(()) } else { Err(GroupError::IllegalGeneration) }
    }

    fn refresh(&mut self, now: Instant, member_id: &str) {
        if let Some(member) = self.members.get_mut(member_id) {
            member.refresh(now);
        }
    }

    fn remove(&mut self, member_id: &str) -> Option<()> {
        let mut member = self.members.remove(member_id)?;
        member.answer_join(Err(GroupError::UnknownMember));
        member.answer_sync(Err(GroupError::UnknownMember));
        Some(())
    }

    fn after_removal(&mut self, now: Instant) {
        match self.phase {
            Phase::Empty => {}
            Phase::PreparingRebalance => self.complete_if_all_joined(now),
            Phase::CompletingRebalance | Phase::Stable => self.rebalance(now),
        }
    }

    /// From now on members must join again.
    fn rebalance(&mut self, now: Instant) {
        if self.phase == Phase::Empty {
            self.not_before = Some(now + self.initial_delay);
        }
        for member in self.members.values_mut() {
            member.answer_sync(Err(GroupError::RebalanceInProgress));
        }
        self.phase = Phase::PreparingRebalance;
        self.deadline = Some(now + self.rebalance_timeout());
        self.complete_if_all_joined(now);
    }

    fn complete_if_all_joined(&mut self, now: Instant) {
        let have_all_joined = self.pending.is_empty() && self.members.values().all(Member::has_joined);
        let is_early = self.not_before.is_some_and(|time| time > now) && self.has_members();
        if self.phase == Phase::PreparingRebalance && have_all_joined && !is_early {
            self.complete(now);
        }
    }

    /// A generation begins with those who have joined.
    fn complete(&mut self, now: Instant) {
        self.generation = self.generation.checked_add(1).unwrap_or(1);
        self.not_before = None;
        let Some(first) = self.members.keys().next() else {
            self.phase = Phase::Empty;
            self.deadline = None;
            self.protocol.clear();
            self.leader.clear();
            return;
        };
        if !self.members.contains_key(&self.leader) {
            self.leader.clone_from(first);
        }
        self.protocol = self.elect_protocol();
        self.phase = Phase::CompletingRebalance;
        self.deadline = Some(now + self.rebalance_timeout());
        let ids: Vec<String> = self.members.keys().cloned().collect();
        for id in ids {
            let joined = self.joined(&id);
            if let Some(member) = self.members.get_mut(&id) {
                member.assignment = Bytes::new();
                member.refresh(now);
                member.answer_join(Ok(joined));
            }
        }
    }

    /// Each member votes for the first of its protocols that all have; of equal ones the first by name.
    fn elect_protocol(&self) -> String {
        let mut common: BTreeSet<&str> = BTreeSet::new();
        if let Some(first) = self.members.values().next() {
            common.extend(first.protocols.iter().map(|(name, _)| name.as_str()));
        }
        common.retain(|name| self.members.values().all(|member| member.supports(name)));
        let vote = |member: &Member| {
            let mut names = member.protocols.iter().map(|(name, _)| name.as_str());
            names.find(|name| common.contains(name)).map(str::to_owned)
        };
        let mut votes: BTreeMap<String, usize> = BTreeMap::new();
        self.members.values().filter_map(vote).for_each(|name| *votes.entry(name).or_default() += 1);
        // `max_by_key` takes the last of equal ones.
        votes.into_iter().rev().max_by_key(|(_, count)| *count).map(|(name, _)| name).unwrap_or_default()
    }

    fn joined(&self, id: &str) -> Joined {
        let members = if id == self.leader {
            self.members.iter().map(|(id, member)| (id.clone(), member.metadata(&self.protocol))).collect()
        } else {
            Vec::new()
        };
        Joined {
            member_id: id.to_owned(),
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            members,
        }
    }

    fn rebalance_timeout(&self) -> Duration {
        self.members.values().map(|member| member.rebalance_timeout).max().unwrap_or_default()
    }
}
