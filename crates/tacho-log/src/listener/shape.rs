//! Walks over a request before it is decoded. The decoder reserves memory for as many elements as an array claims to
//! have, so a few bytes could claim all memory; here every length is checked against the bytes that are there.

use kafka_protocol::messages::ApiKey;

/// Array elements in one request, all arrays together.
const ELEMENTS_MAX: usize = 200_000;

/// True if the lengths in the header and body of a request are those of its bytes.
pub(super) fn is_well_formed(api: ApiKey, version: i16, frame: &[u8]) -> bool {
    let has_tags = api.request_header_version(version) >= 2;
    let mut walk = Walk { rest: frame, is_flexible: false, elements_left: ELEMENTS_MAX };
    let header = |walk: &mut Walk<'_>| {
        walk.skip(8)?;
        walk.text()?;
        walk.is_flexible = has_tags;
        walk.tags()
    };
    header(&mut walk).and_then(|()| body(&mut walk, api, version)).is_some()
}

fn body(walk: &mut Walk<'_>, api: ApiKey, version: i16) -> Option<()> {
    match api {
        ApiKey::Produce => produce(walk),
        ApiKey::Fetch => fetch(walk, version),
        ApiKey::ListOffsets => list_offsets(walk, version),
        ApiKey::Metadata => metadata(walk, version),
        ApiKey::ApiVersions => api_versions(walk, version),
        ApiKey::InitProducerId => init_producer_id(walk, version),
        ApiKey::CreateTopics => create_topics(walk),
        ApiKey::OffsetCommit => offset_commit(walk, version),
        ApiKey::OffsetFetch => offset_fetch(walk, version),
        ApiKey::JoinGroup => join_group(walk, version),
        ApiKey::SyncGroup => sync_group(walk, version),
        ApiKey::Heartbeat => heartbeat(walk, version),
        ApiKey::LeaveGroup => leave_group(walk, version),
        ApiKey::DescribeGroups => describe_groups(walk, version),
        ApiKey::ListGroups => list_groups(walk, version),
        ApiKey::DeleteGroups => delete_groups(walk),
        ApiKey::FindCoordinator => find_coordinator(walk, version),
        ApiKey::OffsetForLeaderEpoch => offset_for_leader_epoch(walk, version),
        ApiKey::DescribeConfigs => describe_configs(walk, version),
        _ => None,
    }
}

fn produce(walk: &mut Walk<'_>) -> Option<()> {
    walk.text()?;
    walk.skip(2 + 4)?;
    walk.array(|topic| {
        topic.text()?;
        topic.array(|partition| {
            partition.skip(4)?;
            partition.bytes()?;
            partition.tags()
        })?;
        topic.tags()
    })?;
    walk.tags()
}

fn fetch(walk: &mut Walk<'_>, version: i16) -> Option<()> {
    walk.skip(4 + 4 + 4 + 4 + 1)?;
    walk.skip(if version >= 7 { 8 } else { 0 })?;
    walk.array(|topic| {
        topic.text()?;
        topic.array(|partition| {
            let epochs = if version >= 9 { 4 } else { 0 } + if version >= 12 { 4 } else { 0 };
            let start = if version >= 5 { 8 } else { 0 };
            partition.skip(4 + epochs + 8 + start + 4)?;
            partition.tags()
        })?;
        topic.tags()
    })?;
    if version >= 7 {
        walk.array(|topic| {
            topic.text()?;
            topic.array(|partition| partition.skip(4))?;
            topic.tags()
        })?;
    }
    if version >= 11 {
        walk.text()?;
    }
    walk.tags()
}

fn list_offsets(walk: &mut Walk<'_>, version: i16) -> Option<()> {
    walk.skip(if version >= 2 { 5 } else { 4 })?;
    walk.array(|topic| {
        topic.text()?;
        topic.array(|partition| {
            partition.skip(if version >= 4 { 16 } else { 12 })?;
            partition.tags()
        })?;
        topic.tags()
    })?;
    walk.skip(if version >= 10 { 4 } else { 0 })?;
    walk.tags()
}

fn metadata(walk: &mut Walk<'_>, version: i16) -> Option<()> {
    walk.array(|topic| {
        topic.skip(if version >= 10 { 16 } else { 0 })?;
        topic.text()?;
        topic.tags()
    })?;
    let cluster = usize::from((8..=10).contains(&version));
    walk.skip(usize::from(version >= 4) + cluster + usize::from(version >= 8))?;
    walk.tags()
}

fn api_versions(walk: &mut Walk<'_>, version: i16) -> Option<()> {
    if version >= 3 {
        walk.text()?;
        walk.text()?;
    }
    walk.tags()
}

fn init_producer_id(walk: &mut Walk<'_>, version: i16) -> Option<()> {
    walk.text()?;
    walk.skip(if version >= 3 { 4 + 8 + 2 } else { 4 })?;
    walk.tags()
}

fn create_topics(walk: &mut Walk<'_>) -> Option<()> {
    walk.array(|topic| {
        topic.text()?;
        topic.skip(4 + 2)?;
        topic.array(|assignment| {
            assignment.skip(4)?;
            assignment.array(|broker| broker.skip(4))?;
            assignment.tags()
        })?;
        topic.array(|config| {
            config.text()?;
            config.text()?;
            config.tags()
        })?;
        topic.tags()
    })?;
    walk.skip(4 + 1)?;
    walk.tags()
}

fn find_coordinator(walk: &mut Walk<'_>, version: i16) -> Option<()> {
    if version <= 3 {
        walk.text()?;
    }
    walk.skip(usize::from(version >= 1))?;
    if version >= 4 {
        walk.array(Walk::text)?;
    }
    walk.tags()
}

fn join_group(walk: &mut Walk<'_>, version: i16) -> Option<()> {
    walk.text()?;
    walk.skip(if version >= 1 { 4 + 4 } else { 4 })?;
    walk.text()?;
    walk.text_from(version, 5)?;
    walk.text()?;
    walk.array(|protocol| {
        protocol.text()?;
        protocol.bytes()?;
        protocol.tags()
    })?;
    walk.text_from(version, 8)?;
    walk.tags()
}

fn sync_group(walk: &mut Walk<'_>, version: i16) -> Option<()> {
    walk.text()?;
    walk.skip(4)?;
    walk.text()?;
    walk.text_from(version, 3)?;
    walk.text_from(version, 5)?;
    walk.text_from(version, 5)?;
    walk.array(|assignment| {
        assignment.text()?;
        assignment.bytes()?;
        assignment.tags()
    })?;
    walk.tags()
}

fn heartbeat(walk: &mut Walk<'_>, version: i16) -> Option<()> {
    walk.text()?;
    walk.skip(4)?;
    walk.text()?;
    walk.text_from(version, 3)?;
    walk.tags()
}

fn leave_group(walk: &mut Walk<'_>, version: i16) -> Option<()> {
    walk.text()?;
    if version <= 2 {
        walk.text()?;
    } else {
        walk.array(|member| {
            member.text()?;
            member.text()?;
            member.text_from(version, 5)?;
            member.tags()
        })?;
    }
    walk.tags()
}

fn offset_commit(walk: &mut Walk<'_>, version: i16) -> Option<()> {
    walk.text()?;
    walk.skip(4)?;
    walk.text()?;
    walk.text_from(version, 7)?;
    walk.skip(if version <= 4 { 8 } else { 0 })?;
    walk.array(|topic| {
        topic.text()?;
        topic.array(|partition| {
            partition.skip(if version >= 6 { 4 + 8 + 4 } else { 4 + 8 })?;
            partition.text()?;
            partition.tags()
        })?;
        topic.tags()
    })?;
    walk.tags()
}

fn offset_fetch(walk: &mut Walk<'_>, version: i16) -> Option<()> {
    let topics = |walk: &mut Walk<'_>| {
        walk.array(|topic| {
            topic.text()?;
            topic.array(|partition| partition.skip(4))?;
            topic.tags()
        })
    };
    if version <= 7 {
        walk.text()?;
        topics(walk)?;
    } else {
        walk.array(|group| {
            group.text()?;
            group.text_from(version, 9)?;
            group.skip(if version >= 9 { 4 } else { 0 })?;
            topics(group)?;
            group.tags()
        })?;
    }
    walk.skip(usize::from(version >= 7))?;
    walk.tags()
}

fn describe_groups(walk: &mut Walk<'_>, version: i16) -> Option<()> {
    walk.array(Walk::text)?;
    walk.skip(usize::from(version >= 3))?;
    walk.tags()
}

fn list_groups(walk: &mut Walk<'_>, version: i16) -> Option<()> {
    for since in [4, 5] {
        if version >= since {
            walk.array(Walk::text)?;
        }
    }
    walk.tags()
}

fn delete_groups(walk: &mut Walk<'_>) -> Option<()> {
    walk.array(Walk::text)?;
    walk.tags()
}

fn offset_for_leader_epoch(walk: &mut Walk<'_>, version: i16) -> Option<()> {
    walk.skip(if version >= 3 { 4 } else { 0 })?;
    walk.array(|topic| {
        topic.text()?;
        topic.array(|partition| {
            partition.skip(12)?;
            partition.tags()
        })?;
        topic.tags()
    })?;
    walk.tags()
}

fn describe_configs(walk: &mut Walk<'_>, version: i16) -> Option<()> {
    walk.array(|resource| {
        resource.skip(1)?;
        resource.text()?;
        resource.array(Walk::text)?;
        resource.tags()
    })?;
    walk.skip(1 + usize::from(version >= 3))?;
    walk.tags()
}

/// What has not been walked over yet.
struct Walk<'a> {
    rest: &'a [u8],
    /// Compact lengths and tags.
    is_flexible: bool,
    elements_left: usize,
}

impl Walk<'_> {
    fn skip(&mut self, len: usize) -> Option<()> {
        self.rest = self.rest.get(len..)?;
        Some(())
    }

    /// A string, or null.
    fn text(&mut self) -> Option<()> {
        if self.is_flexible {
            return self.bytes();
        }
        let len = i16::from_be_bytes(*self.rest.first_chunk()?);
        self.skip(2)?;
        if len == -1 { Some(()) } else { self.skip(usize::try_from(len).ok()?) }
    }

    /// A string that there is from a version on.
    fn text_from(&mut self, version: i16, since: i16) -> Option<()> {
        if version >= since { self.text() } else { Some(()) }
    }

    /// Bytes, or null.
    fn bytes(&mut self) -> Option<()> {
        match self.length()? {
            None => Some(()),
            Some(len) => self.skip(len),
        }
    }

    fn array(&mut self, mut element: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        let count = self.length()?.unwrap_or(0);
        self.elements_left = self.elements_left.checked_sub(count)?;
        for _ in 0..count {
            element(self)?;
        }
        Some(())
    }

    fn tags(&mut self) -> Option<()> {
        if !self.is_flexible {
            return Some(());
        }
        let count = self.varint()?;
        self.elements_left = self.elements_left.checked_sub(count)?;
        for _ in 0..count {
            self.varint()?;
            let len = self.varint()?;
            self.skip(len)?;
        }
        Some(())
    }

    /// Of bytes or an array; the inner `None` is null.
    fn length(&mut self) -> Option<Option<usize>> {
        if self.is_flexible {
            return Some(self.varint()?.checked_sub(1));
        }
        let len = i32::from_be_bytes(*self.rest.first_chunk()?);
        self.skip(4)?;
        if len == -1 { Some(None) } else { Some(Some(usize::try_from(len).ok()?)) }
    }

    fn varint(&mut self) -> Option<usize> {
        let mut value = 0u64;
        for shift in (0..35).step_by(7) {
            let byte = *self.rest.first()?;
            self.skip(1)?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return u32::try_from(value).ok().map(|value| value as usize);
            }
        }
        None
    }
}
