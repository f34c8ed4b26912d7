//! What `tacho run` works between: three Kafka brokers, and the embedded store in the place of a ClickHouse server.

use anyhow::{Context, Result, ensure};
use rdkafka::{
    ClientConfig,
    consumer::{BaseConsumer, Consumer},
};
use std::{
    path::Path,
    process::Command,
    thread,
    time::{Duration, Instant},
};
use tacho_testkit::{Launch, StoreAlone, broker::Broker, until};

/// Longest wait for brokers to find each other, and for a replica to have caught up.
const PATIENCE: Duration = Duration::from_secs(120);
/// Longest wait for one answer.
const ANSWER: Duration = Duration::from_secs(10);

/// Brokers and store. They end with it.
pub(crate) struct Surroundings {
    nodes: Vec<Broker>,
    brokers: String,
    store: StoreAlone,
}

impl Surroundings {
    /// Starts them, with the topics; `program` is tacho.
    pub fn start(program: &Path, store_dir: &Path) -> Result<Surroundings> {
        let store = StoreAlone::start(program, store_dir)?;
        let nodes = Broker::cluster()?;
        let brokers = nodes.iter().map(Broker::address).collect::<Vec<_>>().join(",");
        until("the brokers to take the topics", PATIENCE, || {
            let mut create = Command::new(program);
            create.args(["topics", "create", "--brokers", &brokers]).env("TACHO_LOG_LEVEL", "off");
            Ok(create.output()?.status.success().then_some(()))
        })?;
        let surroundings = Surroundings { nodes, brokers, store };
        surroundings.wait_in_sync()?;
        Ok(surroundings)
    }

    /// `tacho run` between them.
    pub fn launch(&self, launch: Launch) -> Launch {
        launch.between(&self.brokers, &self.store.url)
    }

    /// Kills the broker that leads most partitions, keeps it away, starts it again and waits until it has every record.
    pub fn kill_leader(&mut self, away: Duration) -> Result<String> {
        let leads = |id: usize| self.partitions(|partition| usize::try_from(partition.leader()) == Ok(id));
        let mut leader = (0, 0);
        for id in 1..=self.nodes.len() {
            leader = leader.max((leads(id)?, id));
        }
        let (led, id) = leader;
        ensure!(led > 0, "no broker leads any partition");
        let node = &mut self.nodes[id - 1];
        node.kill()?;
        thread::sleep(away);
        let back = Instant::now();
        node.start()?;
        self.wait_in_sync()?;
        Ok(format!(
            "broker {id}, leader of {led} partitions, away for {:.1} s, in sync {:.1} s later",
            away.as_secs_f64(),
            back.elapsed().as_secs_f64()
        ))
    }

    /// Kills all brokers, keeps them away, and starts them again.
    pub fn kill_all(&mut self, away: Duration) -> Result<String> {
        self.nodes.iter_mut().try_for_each(Broker::kill)?;
        thread::sleep(away);
        let back = Instant::now();
        Broker::start_all(&mut self.nodes)?;
        self.wait_in_sync()?;
        Ok(format!("away for {:.1} s, in sync {:.1} s later", away.as_secs_f64(), back.elapsed().as_secs_f64()))
    }

    /// Waits until every partition has all its replicas in sync.
    fn wait_in_sync(&self) -> Result<()> {
        until("every replica to be in sync", PATIENCE, || {
            let behind = self.partitions(|partition| partition.isr().len() < self.nodes.len());
            Ok(behind.is_ok_and(|behind| behind == 0).then_some(()))
        })
    }

    /// How many partitions are like that.
    fn partitions(&self, is_wanted: impl Fn(&rdkafka::metadata::MetadataPartition) -> bool) -> Result<usize> {
        let client: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.brokers)
            .create()
            .context("make a client to look at the brokers")?;
        let metadata = client.fetch_metadata(None, ANSWER).context("look at the brokers")?;
        ensure!(!metadata.topics().is_empty(), "the brokers tell no topics");
        let partitions = metadata.topics().iter().flat_map(rdkafka::metadata::MetadataTopic::partitions);
        Ok(partitions.filter(|partition| is_wanted(partition)).count())
    }
}
