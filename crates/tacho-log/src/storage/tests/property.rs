//! Random appends, restarts, cut tails and retention against a list.

use super::*;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    /// Records of a client without sequence numbers.
    Append(u8),
    /// The next batch of one of three producers, sent this many times.
    Idempotent(u8, u8),
    /// The outputs of the epoch so many ahead of the last one; 0 repeats it.
    Output(u8),
    Checkpoint,
    Restart,
    /// A kill during an append: the file ends with a part of a batch.
    Torn(u8),
    DiskFull(u8),
    Retention,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1u8..6).prop_map(Step::Append),
        6 => (0u8..3, 1u8..3).prop_map(|(id, times)| Step::Idempotent(id, times)),
        3 => (0u8..3).prop_map(Step::Output),
        2 => Just(Step::Checkpoint),
        2 => Just(Step::Restart),
        2 => any::<u8>().prop_map(Step::Torn),
        1 => any::<u8>().prop_map(Step::DiskFull),
        1 => Just(Step::Retention),
    ]
}

#[derive(Default)]
struct Model {
    /// Base offset of every batch.
    batches: Vec<i64>,
    end: i64,
    sequences: [i32; 3],
    epoch: u64,
}

impl Model {
    fn push(&mut self, count: i64) {
        self.batches.push(self.end);
        self.end += count;
    }
}

fn run(bench: &Bench, partition: &mut Partition, model: &mut Model, step: &Step) {
    match step {
        Step::Append(count) => {
            bench.append(partition, &plain(&vec!["value"; usize::from(*count)])).unwrap();
            model.push(i64::from(*count));
        }
        Step::Idempotent(id, times) => {
            let sequence = model.sequences[usize::from(*id)];
            let bytes = batch(&["p", "q"], producer(i64::from(*id), 0, sequence));
            for time in 0..*times {
                let appended = bench.append(partition, &bytes).unwrap();
                assert_eq!((appended.is_new, appended.base_offset), (time == 0, model.end));
            }
            model.push(2);
            model.sequences[usize::from(*id)] += 2;
        }
        Step::Output(ahead) => {
            let epoch = model.epoch + u64::from(*ahead);
            let bytes = batch(&["out"], ProducerFields::output(EpochId { generation: 3, epoch }));
            let is_expected = epoch > model.epoch || partition.last_output().is_none();
            let appended = partition.append_own(&bytes, &bench.clock).unwrap();
            assert_eq!(appended.is_some(), is_expected);
            if appended.is_some() {
                model.push(1);
                model.epoch = epoch;
            }
        }
        Step::Checkpoint => partition.write_checkpoint().unwrap(),
        Step::Restart => *partition = bench.open(),
        Step::Torn(len) => {
            let bytes = plain(&["torn"]);
            let len = usize::from(*len) % bytes.len();
            let count = partition.segment_count();
            let mut file = fs::OpenOptions::new().append(true).open(bench.file("log", count - 1)).unwrap();
            std::io::Write::write_all(&mut file, &bytes[..len]).unwrap();
            *partition = bench.open();
        }
        Step::DiskFull(room) => {
            bench.disk.set_room_bytes(u64::from(*room) % 60);
            assert!(bench.append(partition, &plain(&["no room"])).is_err());
            bench.disk.set_room_bytes(u64::MAX);
        }
        Step::Retention => partition.clean(&bench.clock).unwrap(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_log_holds_what_was_acknowledged(steps in prop::collection::vec(step(), 1..80)) {
        let mut bench = Bench::new();
        bench.config.segment_bytes = 500;
        bench.config.retention_bytes = Some(2_500);
        let mut partition = bench.open();
        let mut model = Model { epoch: 1, ..Model::default() };
        for step in &steps {
            run(&bench, &mut partition, &mut model, step);
            bench.clock.advance_ms(10);
            prop_assert_eq!(partition.offsets().end, model.end);
        }
        let start = partition.offsets().start;
        let found: Vec<i64> = read_all(&partition, start).into_iter().map(|batch| batch.0).collect();
        let expected: Vec<i64> = model.batches.iter().copied().filter(|base| *base >= start).collect();
        prop_assert_eq!(found, expected);
    }
}
