//! The state machine on paused time, and the file of offsets.

use super::*;
use crate::storage::TestDisk;
use bytes::Bytes;
use group::Phase;
use std::fs;
use tacho_io::ManualClock;
use tacho_model::LogTime;

const DAY_MS: i64 = 24 * 3_600_000;

struct Fixture {
    dir: tempfile::TempDir,
    clock: Arc<ManualClock>,
    disk: Arc<TestDisk>,
}

impl Fixture {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::at(LogTime(1_000)));
        Self { dir: tempfile::tempdir().unwrap(), clock, disk: Arc::new(TestDisk::new()) }
    }

    fn open(&self) -> Coordinator {
        self.open_with(Limits { initial_delay: Duration::ZERO, ..Limits::default() })
    }

    fn open_with(&self, limits: Limits) -> Coordinator {
        let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&self.clock);
        Coordinator::open(self.dir.path(), clock, self.disk.clone(), limits).unwrap()
    }
}

fn wishes(member_id: &str, protocols: &[&str]) -> Join {
    let protocol = |name: &&str| ((*name).to_owned(), Bytes::from(format!("{name} data")));
    Join {
        member_id: member_id.to_owned(),
        is_id_required: true,
        client_id: "c".to_owned(),
        client_host: "/h".to_owned(),
        session_timeout: Duration::from_secs(10),
        rebalance_timeout: Duration::from_secs(30),
        protocol_type: "consumer".to_owned(),
        protocols: protocols.iter().map(protocol).collect(),
    }
}

/// Asks for an id and joins with it; the answer comes later.
async fn begin(groups: &Coordinator) -> (String, oneshot::Receiver<Reply<Joined>>) {
    let answer = groups.join("g", wishes("", &["range"])).await.unwrap();
    let Err(GroupError::MemberIdRequired(id)) = answer else { panic!("an id first, not {answer:?}") };
    let joining = groups.join("g", wishes(&id, &["range"]));
    (id, joining)
}

fn syncing(joined: &Joined, assignments: &[(&str, &'static str)]) -> Sync {
    let to = |(id, bytes): &(&str, &'static str)| ((*id).to_owned(), Bytes::from_static(bytes.as_bytes()));
    Sync {
        member_id: joined.member_id.clone(),
        generation: joined.generation,
        assignments: assignments.iter().map(to).collect(),
        ..Sync::default()
    }
}

/// A stable group of one.
async fn stable(groups: &Coordinator) -> Joined {
    let (id, joining) = begin(groups).await;
    let joined = joining.await.unwrap().unwrap();
    let synced = groups.sync("g", syncing(&joined, &[(&id, "all")])).await.unwrap().unwrap();
    assert_eq!(synced.assignment, "all");
    joined
}

fn phase(groups: &Coordinator) -> Phase {
    groups.describe("g").unwrap().phase
}

fn at(offset: i64) -> Committed {
    Committed { offset, leader_epoch: 0, metadata: "text".to_owned() }
}

fn place(partition: i32) -> Place {
    ("t".to_owned(), partition)
}

#[tokio::test(start_paused = true)]
async fn a_second_member_makes_the_first_join_again_and_leaving_does_too() {
    let fixture = Fixture::new();
    let groups = fixture.open();
    let one = stable(&groups).await;
    assert_eq!((one.generation, one.members.len(), phase(&groups)), (1, 1, Phase::Stable));
    let (second_id, second) = begin(&groups).await;
    assert_eq!(phase(&groups), Phase::PreparingRebalance);
    assert_eq!(groups.heartbeat("g", &one.member_id, 1), Err(GroupError::RebalanceInProgress));
    assert_eq!(groups.check_commit("g", &one.member_id, 1), Ok(()), "it may still commit");
    let early = groups.sync("g", syncing(&one, &[])).await.unwrap();
    assert_eq!(early, Err(GroupError::RebalanceInProgress));
    let first = groups.join("g", wishes(&one.member_id, &["range"])).await.unwrap().unwrap();
    let second = second.await.unwrap().unwrap();
    assert_eq!((first.generation, second.generation, phase(&groups)), (2, 2, Phase::CompletingRebalance));
    assert_eq!((&first.leader, &second.leader), (&one.member_id, &one.member_id));
    assert_eq!((first.members.len(), second.members.len()), (2, 0));
    assert_eq!(first.members[0].1, "range data");
    assert_eq!(groups.check_commit("g", &second_id, 2), Err(GroupError::RebalanceInProgress));
    let waiting = groups.sync("g", syncing(&second, &[]));
    let leading = groups.sync("g", syncing(&first, &[(&one.member_id, "a"), (&second_id, "b")]));
    assert_eq!(leading.await.unwrap().unwrap().assignment, "a");
    assert_eq!(waiting.await.unwrap().unwrap().assignment, "b");
    assert_eq!(groups.heartbeat("g", &second_id, 1), Err(GroupError::IllegalGeneration));
    assert_eq!(groups.heartbeat("g", &second_id, 2), Ok(()));
    groups.leave("g", &one.member_id).unwrap();
    assert_eq!(groups.heartbeat("g", &one.member_id, 2), Err(GroupError::UnknownMember));
    assert_eq!(groups.heartbeat("g", &second_id, 2), Err(GroupError::RebalanceInProgress));
    let alone = groups.join("g", wishes(&second_id, &["range"])).await.unwrap().unwrap();
    assert_eq!((alone.generation, &alone.leader), (3, &second_id));
    groups.leave("g", &second_id).unwrap();
    assert!(groups.describe("g").is_none());
}

#[tokio::test(start_paused = true)]
async fn members_that_fall_silent_or_come_late_are_given_up() {
    let fixture = Fixture::new();
    let groups = Arc::new(fixture.open());
    let timers = tokio::spawn({
        let groups = Arc::clone(&groups);
        async move { groups.run_timers().await }
    });
    let silent = stable(&groups).await;
    let (_, joining) = begin(&groups).await;
    let begun = Instant::now();
    // The silent one neither joins again nor sends heartbeats: its session ends after 10 s.
    let joined = joining.await.unwrap().unwrap();
    assert_eq!(begun.elapsed().as_secs(), 10);
    assert_eq!(groups.heartbeat("g", &silent.member_id, 1), Err(GroupError::UnknownMember));
    groups.sync("g", syncing(&joined, &[])).await.unwrap().unwrap();
    let (_, third) = begin(&groups).await;
    let begun = Instant::now();
    // One that sends heartbeats and does not join has until the rebalance timeout.
    let beating = async {
        loop {
            tokio::time::sleep(Duration::from_secs(3)).await;
            if groups.heartbeat("g", &joined.member_id, joined.generation) == Err(GroupError::UnknownMember) {
                return;
            }
        }
    };
    let (third, ()) = tokio::join!(third, beating);
    let third = third.unwrap().unwrap();
    assert!((30..=33).contains(&begun.elapsed().as_secs()));
    assert_eq!((&third.leader, third.members.len()), (&third.member_id, 1));
    // A leader that never assigns goes as well, and with it the group.
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(groups.describe("g").is_none());
    timers.abort();
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_refused() {
    let fixture = Fixture::new();
    let limits = Limits { initial_delay: Duration::ZERO, group_members_max: 2, groups_max: 2, ..Limits::default() };
    let groups = fixture.open_with(limits);
    let join = |group: &str, join: Join| groups.join(group, join);
    assert_eq!(join("", wishes("", &["range"])).await.unwrap(), Err(GroupError::InvalidGroup));
    let short = Join { session_timeout: Duration::from_secs(5), ..wishes("", &["range"]) };
    assert_eq!(join("g", short).await.unwrap(), Err(GroupError::InvalidSessionTimeout));
    let large = Join { protocols: vec![("range".to_owned(), vec![0; 300 << 10].into())], ..wishes("", &[]) };
    assert_eq!(join("g", large).await.unwrap(), Err(GroupError::InvalidRequest));
    assert_eq!(join("g", wishes("nobody", &["range"])).await.unwrap(), Err(GroupError::UnknownMember));
    assert_eq!(join("g", wishes("", &[])).await.unwrap(), Err(GroupError::InconsistentProtocol));
    assert!(groups.names().is_empty(), "nothing is left of refused ones");
    let one = stable(&groups).await;
    assert_eq!(join("g", wishes("", &["sticky"])).await.unwrap(), Err(GroupError::InconsistentProtocol));
    let other = Sync { protocol: Some("sticky".to_owned()), ..syncing(&one, &[]) };
    assert_eq!(groups.sync("g", other).await.unwrap(), Err(GroupError::InconsistentProtocol));
    assert_eq!(groups.check_commit("g", "", -1), Err(GroupError::UnknownMember), "the group has members");
    assert_eq!(groups.check_commit("h", "m", 1), Err(GroupError::UnknownMember));
    assert_eq!(groups.delete("g"), Err(GroupError::NotEmpty));
    assert_eq!(groups.delete("h"), Err(GroupError::NotFound));
    let _second = begin(&groups).await;
    assert_eq!(join("g", wishes("", &["range"])).await.unwrap(), Err(GroupError::Full));
    assert!(matches!(join("h", wishes("", &["range"])).await.unwrap(), Err(GroupError::MemberIdRequired(_))));
    assert_eq!(join("i", wishes("", &["range"])).await.unwrap(), Err(GroupError::Full));
}

#[tokio::test(start_paused = true)]
async fn the_first_rebalance_waits_for_others_and_most_votes_win() {
    let fixture = Fixture::new();
    let groups = Arc::new(fixture.open_with(Limits::default()));
    let timers = tokio::spawn({
        let groups = Arc::clone(&groups);
        async move { groups.run_timers().await }
    });
    let old = |protocols: &[&str]| Join { is_id_required: false, ..wishes("", protocols) };
    let begun = Instant::now();
    let joining = [
        groups.join("g", old(&["range", "sticky"])),
        groups.join("g", old(&["sticky", "range"])),
        groups.join("g", old(&["only-mine", "sticky", "range"])),
    ];
    for joining in joining {
        let joined = joining.await.unwrap().unwrap();
        assert_eq!((joined.generation, &*joined.protocol), (1, "sticky"));
    }
    assert_eq!(begun.elapsed(), Limits::default().initial_delay);
    timers.abort();
}

#[test]
fn offsets_survive_a_restart_and_a_torn_tail() {
    let fixture = Fixture::new();
    let path = fixture.dir.path().join("group-offsets");
    let groups = fixture.open();
    groups.commit("g", vec![(place(0), at(5)), (place(1), at(7))]).unwrap();
    groups.commit("h", vec![(place(0), at(1))]).unwrap();
    groups.commit("g", vec![(place(0), at(6))]).unwrap();
    groups.delete("h").unwrap();
    drop(groups);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [&whole[..], &whole[..whole.len() / 3]].concat()).unwrap();
    let groups = fixture.open();
    assert_eq!(groups.all_committed("g"), [(place(0), at(6)), (place(1), at(7))]);
    assert_eq!((groups.names(), groups.committed("g", "t", 2)), (vec!["g".to_owned()], None));
    assert!(groups.offsets.file_bytes() < whole.len() as u64, "what was overtaken is gone");
    drop(groups);
    // Cut anywhere, what is left are whole commits. (Each start fsyncs, so not at every byte.)
    for len in (0..whole.len()).step_by(11) {
        fs::write(&path, &whole[..len]).unwrap();
        let found = fixture.open().all_committed("g");
        assert!(found.is_empty() || found.len() == 2, "cut at {len}: {found:?}");
    }
}

#[test]
fn offsets_of_another_version_are_refused_and_left_as_they_are() {
    let fixture = Fixture::new();
    fixture.open().commit("g", vec![(place(0), at(5))]).unwrap();
    let path = fixture.dir.path().join("group-offsets");
    let mut bytes = fs::read(&path).unwrap();
    // Version behind length and magic; the checksum fits again.
    bytes[9] += 1;
    let end = bytes.len() - 4;
    let crc = crc32c::crc32c(&bytes[4..end]).to_be_bytes();
    bytes[end..].copy_from_slice(&crc);
    fs::write(&path, &bytes).unwrap();
    let opened = OffsetStore::open(&path, fixture.disk.clone());
    let error = opened.err().unwrap().to_string();
    assert!(error.contains("version 2") && error.contains("reads 1"), "{error}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_full_disk_refuses_commits_and_leaves_the_old_ones() {
    let fixture = Fixture::new();
    let groups = fixture.open();
    groups.commit("g", vec![(place(0), at(5))]).unwrap();
    fixture.disk.set_room_bytes(20);
    assert_eq!(groups.commit("g", vec![(place(0), at(6))]), Err(GroupError::Storage));
    assert_eq!(groups.committed("g", "t", 0), Some(at(5)));
    fixture.disk.set_room_bytes(u64::MAX);
    groups.commit("g", vec![(place(0), at(7))]).unwrap();
    fixture.disk.break_sync(true);
    assert!(groups.sync_offsets().is_err());
    fixture.disk.break_sync(false);
    groups.sync_offsets().unwrap();
    drop(groups);
    assert_eq!(fixture.open().committed("g", "t", 0), Some(at(7)));
}

#[tokio::test(start_paused = true)]
async fn offsets_of_groups_without_members_expire() {
    let fixture = Fixture::new();
    let groups = fixture.open();
    let member = stable(&groups).await;
    groups.commit("g", vec![(place(0), at(5))]).unwrap();
    groups.commit("simple", vec![(place(0), at(5))]).unwrap();
    fixture.clock.advance_ms(6 * DAY_MS);
    groups.maintain().unwrap();
    assert_eq!(groups.names(), ["g", "simple"]);
    fixture.clock.advance_ms(2 * DAY_MS);
    groups.maintain().unwrap();
    assert_eq!(groups.names(), ["g"], "a group with members keeps its offsets");
    groups.leave("g", &member.member_id).unwrap();
    fixture.clock.advance_ms(6 * DAY_MS);
    groups.maintain().unwrap();
    assert_eq!((groups.names().len(), phase(&groups)), (1, Phase::Empty));
    drop(groups);
    let groups = fixture.open();
    fixture.clock.advance_ms(2 * DAY_MS);
    groups.maintain().unwrap();
    assert!(groups.names().is_empty());
}

#[test]
fn a_long_file_is_written_anew_and_the_sum_of_offsets_has_a_limit() {
    let fixture = Fixture::new();
    let groups = fixture.open_with(Limits { offsets_bytes_max: 200_000, ..Limits::default() });
    let text = "x".repeat(4096);
    let mut offset = 0;
    while groups.offsets.file_bytes() < 5 << 20 {
        offset += 1;
        let committed = Committed { offset, leader_epoch: -1, metadata: text.clone() };
        groups.commit("g", vec![(place(0), committed)]).unwrap();
    }
    groups.maintain().unwrap();
    assert!(groups.offsets.file_bytes() < 5_000);
    assert_eq!(groups.committed("g", "t", 0).unwrap().offset, offset);
    groups.commit("g", vec![(place(0), at(1))]).unwrap();
    let many = (1..100).map(|partition| (place(partition), Committed { metadata: text.clone(), ..at(0) }));
    groups.commit("g", many.collect()).unwrap();
    assert_eq!(groups.commit("g", vec![(place(0), at(2))]), Err(GroupError::TooManyOffsets));
    groups.delete("g").unwrap();
    groups.commit("g", vec![(place(0), at(2))]).unwrap();
}
