//! Consumer groups of the classic protocol: who is in them, and what they have committed.
//!
//! Membership lives in memory and ends with the process; clients join again. Committed offsets are on disk. Everything
//! that a client can make grow has a limit, see [`Limits`].

mod group;
mod member;
mod offsets;
#[cfg(test)]
mod tests;

pub(crate) use group::{GroupView, Join, Joined, MemberView, Reply, Sync, Synced};
#[cfg(any(test, fuzzing))]
pub(crate) use offsets::check_offsets_file;
pub(crate) use offsets::{Committed, OffsetStore, Place};

use crate::error::OpenError;
use group::Group;
use std::{
    collections::BTreeMap,
    io,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tacho_io::{Clock, Disk};
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};

/// Why a request about a group is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GroupError {
    #[error("the group's name is empty or too long")]
    InvalidGroup,
    #[error("the session timeout is out of range")]
    InvalidSessionTimeout,
    #[error("a request is too large or lacks something")]
    InvalidRequest,
    #[error("static membership is not supported")]
    StaticMembership,
    #[error("there are too many groups or members")]
    Full,
    #[error("the client must join again, as member {0}")]
    MemberIdRequired(String),
    #[error("no member of that id")]
    UnknownMember,
    #[error("the generation is not the group's")]
    IllegalGeneration,
    #[error("the members have no protocol in common")]
    InconsistentProtocol,
    #[error("the group is rebalancing")]
    RebalanceInProgress,
    #[error("the group has members")]
    NotEmpty,
    #[error("no such group")]
    NotFound,
    #[error("the metadata of a commit is too large")]
    MetadataTooLarge,
    #[error("there are too many committed offsets")]
    TooManyOffsets,
    #[error("the log is being closed")]
    Closing,
    #[error("the commit could not be written")]
    Storage,
}

/// What groups may take.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    /// Groups that have members or offsets.
    pub(crate) groups_max: usize,
    /// Members of one group, and of all of them.
    pub(crate) group_members_max: usize,
    pub(crate) members_max: usize,
    /// A member's protocols, and its assignment, in bytes.
    pub(crate) member_bytes_max: usize,
    /// A group's or client's name, in bytes.
    pub(crate) name_bytes_max: usize,
    /// Text that a client commits with an offset, in bytes.
    pub(crate) metadata_bytes_max: usize,
    /// All committed offsets with their texts, in bytes on disk.
    pub(crate) offsets_bytes_max: usize,
    /// How long the first rebalance of a group waits for further members.
    pub(crate) initial_delay: Duration,
    /// Sessions that a client may ask for.
    pub(crate) session_min: Duration,
    pub(crate) session_max: Duration,
    /// Age at which the offsets of a group without members go.
    pub(crate) retention: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            groups_max: 1000,
            group_members_max: 256,
            members_max: 1024,
            member_bytes_max: 256 << 10,
            name_bytes_max: 1024,
            metadata_bytes_max: 4096,
            offsets_bytes_max: 64 << 20,
            initial_delay: Duration::from_millis(500),
            session_min: Duration::from_secs(6),
            session_max: Duration::from_secs(30 * 60),
            retention: Duration::from_secs(7 * 24 * 3600),
        }
    }
}

/// All groups.
pub(crate) struct Coordinator {
    limits: Limits,
    clock: Arc<dyn Clock>,
    /// Those that have members, or clients that have been given an id.
    groups: Mutex<BTreeMap<String, Group>>,
    offsets: OffsetStore,
    /// A deadline may have come nearer.
    changed: Notify,
    opened_ms: i64,
    next_member: AtomicU64,
}

impl Coordinator {
    /// Reads the committed offsets in a log's directory.
    pub(crate) fn open(
        dir: &Path,
        clock: Arc<dyn Clock>,
        disk: Arc<dyn Disk>,
        limits: Limits,
    ) -> Result<Self, OpenError> {
        let path = dir.join("group-offsets");
        let offsets = OffsetStore::open(&path, disk).map_err(|source| OpenError::io(&path, source))?;
        Ok(Self {
            limits,
            opened_ms: clock.now().ms(),
            clock,
            groups: Mutex::new(BTreeMap::new()),
            offsets,
            changed: Notify::new(),
            next_member: AtomicU64::new(0),
        })
    }

    /// Lets a client join. The answer comes when the group is complete.
    pub(crate) fn join(&self, group: &str, join: Join) -> oneshot::Receiver<Reply<Joined>> {
        let (reply, receiver) = oneshot::channel();
        match self.check_join(group, &join) {
            Ok(()) => self.admit(group, join, reply),
            // The receiver is ours: it is there.
            Err(error) => drop(reply.send(Err(error))),
        }
        self.changed.notify_one();
        receiver
    }

    fn check_join(&self, group: &str, join: &Join) -> Result<(), GroupError> {
        self.check_name(group)?;
        let limits = &self.limits;
        if !(limits.session_min..=limits.session_max).contains(&join.session_timeout) {
            return Err(GroupError::InvalidSessionTimeout);
        }
        let protocols: usize = join.protocols.iter().map(|(name, metadata)| name.len() + metadata.len()).sum();
        let names = [&join.member_id, &join.client_id, &join.protocol_type];
        let is_name_long = names.iter().any(|name| name.len() > limits.name_bytes_max + 64);
        if is_name_long || protocols > limits.member_bytes_max {
            return Err(GroupError::InvalidRequest);
        }
        Ok(())
    }

    fn admit(&self, name: &str, join: Join, reply: oneshot::Sender<Reply<Joined>>) {
        let mut groups = self.lock();
        if join.member_id.is_empty() && !self.has_room(&groups, name) {
            drop(reply.send(Err(GroupError::Full)));
            return;
        }
        let number = self.next_member.fetch_add(1, Ordering::Relaxed);
        // Unique over restarts too, as long as the clock goes on.
        let new_id = format!("{}-{:x}-{number:x}", join.client_id, self.opened_ms);
        let group = groups.entry(name.to_owned()).or_insert_with(|| Group::new(self.limits.initial_delay));
        group.join(Instant::now(), join, new_id, reply);
        self.drop_if_empty(&mut groups, name);
    }

    fn has_room(&self, groups: &BTreeMap<String, Group>, name: &str) -> bool {
        let here = groups.get(name).map_or(0, Group::members_len);
        let all: usize = groups.values().map(Group::members_len).sum();
        let is_known = groups.contains_key(name) || self.offsets.contains(name);
        let has_group = is_known || groups.len().max(self.offsets.len()) < self.limits.groups_max;
        has_group && here < self.limits.group_members_max && all < self.limits.members_max
    }

    /// Gives a member its assignment, as soon as the leader has made it.
    pub(crate) fn sync(&self, group: &str, sync: Sync) -> oneshot::Receiver<Reply<Synced>> {
        let (reply, receiver) = oneshot::channel();
        let is_large = sync.assignments.iter().any(|(_, bytes)| bytes.len() > self.limits.member_bytes_max);
        let mut groups = self.lock();
        match groups.get_mut(group) {
            _ if is_large => drop(reply.send(Err(GroupError::InvalidRequest))),
            None => drop(reply.send(Err(GroupError::UnknownMember))),
            Some(group) => group.sync(Instant::now(), sync, reply),
        }
        self.changed.notify_one();
        receiver
    }

    pub(crate) fn heartbeat(&self, group: &str, member_id: &str, generation: i32) -> Result<(), GroupError> {
        let mut groups = self.lock();
        let group = groups.get_mut(group).ok_or(GroupError::UnknownMember)?;
        group.heartbeat(Instant::now(), member_id, generation)
    }

    pub(crate) fn leave(&self, name: &str, member_id: &str) -> Result<(), GroupError> {
        let mut groups = self.lock();
        let left = groups.get_mut(name).ok_or(GroupError::UnknownMember)?.leave(Instant::now(), member_id);
        self.drop_if_empty(&mut groups, name);
        self.changed.notify_one();
        left
    }

    /// Whether that client may commit offsets of that group. Without a member id: if the group has no members.
    pub(crate) fn check_commit(&self, name: &str, member_id: &str, generation: i32) -> Result<(), GroupError> {
        self.check_name(name)?;
        let mut groups = self.lock();
        let is_simple = generation < 0 && member_id.is_empty();
        match groups.get_mut(name) {
            Some(group) if group.has_members() => group.check_commit(Instant::now(), member_id, generation),
            _ if !is_simple => Err(GroupError::UnknownMember),
            _ if !self.offsets.contains(name) && self.offsets.len() >= self.limits.groups_max => Err(GroupError::Full),
            _ => Ok(()),
        }
    }

    /// Whether that text may be committed.
    pub(crate) fn check_metadata(&self, metadata: &str) -> Result<(), GroupError> {
        if metadata.len() > self.limits.metadata_bytes_max { Err(GroupError::MetadataTooLarge) } else { Ok(()) }
    }

    /// Writes offsets of a group, all or none of them. They survive the process; [`Self::sync_offsets`] makes them
    /// survive the power too.
    pub(crate) fn commit(&self, group: &str, places: Vec<(Place, Committed)>) -> Result<(), GroupError> {
        if places.is_empty() {
            return Ok(());
        }
        if self.offsets.bytes() > self.limits.offsets_bytes_max {
            return Err(GroupError::TooManyOffsets);
        }
        self.offsets.commit(group, self.clock.now().ms(), places).map_err(|error| {
            tracing::error!(group, %error, "cannot write committed offsets");
            GroupError::Storage
        })
    }

    pub(crate) fn committed(&self, group: &str, topic: &str, partition: i32) -> Option<Committed> {
        self.offsets.get(group, &(topic.to_owned(), partition))
    }

    /// All that a group has committed, by topic and partition.
    pub(crate) fn all_committed(&self, group: &str) -> Vec<(Place, Committed)> {
        self.offsets.all(group)
    }

    pub(crate) fn sync_offsets(&self) -> io::Result<()> {
        self.offsets.sync()
    }

    /// A group's state, of those without members too; `None` for unknown ones.
    pub(crate) fn describe(&self, name: &str) -> Option<GroupView> {
        if let Some(group) = self.lock().get(name) {
            return Some(group.view());
        }
        self.offsets.contains(name).then(GroupView::default)
    }

    /// The names of all groups, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.lock().keys().cloned().collect();
        names.extend(self.offsets.names());
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Forgets a group without members and its offsets.
    pub(crate) fn delete(&self, name: &str) -> Result<(), GroupError> {
        self.check_name(name)?;
        let groups = self.lock();
        if groups.get(name).is_some_and(Group::has_members) {
            return Err(GroupError::NotEmpty);
        }
        if !self.offsets.contains(name) {
            return Err(GroupError::NotFound);
        }
        self.offsets.delete(name).map_err(|error| {
            tracing::error!(group = name, %error, "cannot delete a group");
            GroupError::Storage
        })
    }

    /// Removes members whose time is up, for as long as it is polled.
    pub(crate) async fn run_timers(&self) {
        loop {
            let next = self.expire(Instant::now());
            let sleep = async {
                match next {
                    Some(deadline) => tokio::time::sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = sleep => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// Does what is due and tells when the next thing is.
    fn expire(&self, now: Instant) -> Option<Instant> {
        let mut groups = self.lock();
        groups.values_mut().for_each(|group| group.expire(now));
        let empty: Vec<String> =
            groups.iter().filter(|(_, group)| group.is_empty()).map(|(name, _)| name.clone()).collect();
        empty.iter().for_each(|name| self.drop_if_empty(&mut groups, name));
        groups.values().filter_map(Group::next_deadline).min()
    }

    /// Drops offsets of groups that nobody has used for long, and shortens the file. After a start, members have the
    /// longest session to come back.
    pub(crate) fn maintain(&self) -> io::Result<()> {
        let now_ms = self.clock.now().ms();
        let ms = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        if now_ms.saturating_sub(self.opened_ms) >= ms(self.limits.session_max) {
            let oldest_ms = now_ms.saturating_sub(ms(self.limits.retention));
            let groups = self.lock();
            let old = self.offsets.untouched_since(oldest_ms);
            for name in old.iter().filter(|name| !groups.contains_key(*name)) {
                tracing::info!(group = %name, "offsets of a group without members have expired");
                self.offsets.delete(name)?;
            }
        }
        self.offsets.compact_if_long()
    }

    fn drop_if_empty(&self, groups: &mut BTreeMap<String, Group>, name: &str) {
        if groups.get(name).is_some_and(Group::is_empty) {
            groups.remove(name);
            // The age of its offsets counts from now.
            if let Err(error) = self.offsets.touch(name, self.clock.now().ms()) {
                tracing::warn!(group = name, %error, "cannot note that a group has no more members");
            }
        }
    }

    fn check_name(&self, group: &str) -> Result<(), GroupError> {
        if (1..=self.limits.name_bytes_max).contains(&group.len()) { Ok(()) } else { Err(GroupError::InvalidGroup) }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Group>> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
