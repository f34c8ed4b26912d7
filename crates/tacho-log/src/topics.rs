//! The topics: which there are, their partitions, and the file that says so.

use crate::{
    config::{LogConfig, TopicConfig, TopicInfo},
    error::{CreateTopicError, OpenError},
    storage::{Partition, replace_file},
};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard},
};
use tacho_io::Disk;

const FIRST_LINE: &str = "tacho-log topics v1";

/// One topic.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: Arc<str>,
    pub(crate) config: TopicConfig,
    pub(crate) partitions: Vec<Arc<Partition>>,
}

/// All topics.
#[derive(Debug)]
pub(crate) struct Topics {
    config: LogConfig,
    disk: Arc<dyn Disk>,
    by_name: RwLock<BTreeMap<Arc<str>, Arc<Topic>>>,
    /// Held while a topic is made, so that two of one name cannot be.
    creating: Mutex<()>,
}

impl Topics {
    /// Opens the topics of a log's directory and all their partitions.
    pub(crate) fn open(config: &LogConfig, disk: Arc<dyn Disk>) -> Result<Self, OpenError> {
        let topics =
            Self { config: config.clone(), disk, by_name: RwLock::new(BTreeMap::new()), creating: Mutex::new(()) };
        // A process may have died between the name of the file and its durability.
        topics.disk.sync_dir(&config.dir).map_err(|source| OpenError::io(&config.dir, source))?;
        for info in read_file(&*topics.disk, &topics.path())? {
            let topic = topics.open_topic(&info)?;
            topics.insert(topic);
        }
        Ok(topics)
    }

    pub(crate) fn get(&self, name: &str) -> Option<Arc<Topic>> {
        self.read().get(name).cloned()
    }

    pub(crate) fn partition(&self, topic: &str, partition: i32) -> Option<Arc<Partition>> {
        let topics = self.read();
        topics.get(topic)?.partitions.get(usize::try_from(partition).ok()?).cloned()
    }

    /// All topics, by name.
    pub(crate) fn all(&self) -> Vec<Arc<Topic>> {
        self.read().values().cloned().collect()
    }

    /// All partitions of all topics.
    pub(crate) fn partitions(&self) -> Vec<Arc<Partition>> {
        self.read().values().flat_map(|topic| topic.partitions.iter().cloned()).collect()
    }

    /// What a new topic must fulfil.
    pub(crate) fn check_new(&self, name: &str, partitions: i32) -> Result<(), CreateTopicError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if name.is_empty() || name.len() > 249 || name == "." || name == ".." || !name.bytes().all(is_allowed) {
            return Err(CreateTopicError::InvalidName(name.to_owned()));
        }
        if self.read().contains_key(name) {
            return Err(CreateTopicError::Exists(name.to_owned()));
        }
        let existing: usize = self.read().values().map(|topic| topic.partitions.len()).sum();
        let limit = self.config.partitions_max;
        if partitions < 1 || i64::from(partitions) + existing as i64 > i64::from(limit) {
            return Err(CreateTopicError::InvalidPartitions { partitions, limit });
        }
        Ok(())
    }

    pub(crate) fn create(&self, info: TopicInfo) -> Result<Arc<Topic>, CreateTopicError> {
        let _guard = self.creating.lock().unwrap_or_else(PoisonError::into_inner);
        self.check_new(&info.name, info.partitions)?;
        let topic = self.open_topic(&info)?;
        self.disk.sync_dir(&self.config.dir.join("data").join(&info.name))?;
        self.disk.sync_dir(&self.config.dir.join("data"))?;
        let mut all: Vec<TopicInfo> = self.all().iter().map(|topic| topic.info()).collect();
        all.push(info);
        replace_file(&*self.disk, &self.path(), render(&all).as_bytes(), true)?;
        Ok(self.insert(topic))
    }

    fn open_topic(&self, info: &TopicInfo) -> Result<Topic, OpenError> {
        let name: Arc<str> = Arc::from(info.name.as_str());
        let open = |number: i32| {
            let dir = self.config.dir.join("data").join(&info.name).join(number.to_string());
            let config = info.config.partition_config(&self.config);
            Partition::open(Arc::clone(&name), number, dir, config, Arc::clone(&self.disk)).map(Arc::new)
        };
        let partitions = (0..info.partitions).map(open).collect::<Result<_, _>>()?;
        Ok(Topic { name: Arc::clone(&name), config: info.config.clone(), partitions })
    }

    fn insert(&self, topic: Topic) -> Arc<Topic> {
        let topic = Arc::new(topic);
        let mut by_name = self.by_name.write().unwrap_or_else(PoisonError::into_inner);
        by_name.insert(Arc::clone(&topic.name), Arc::clone(&topic));
        topic
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<Arc<str>, Arc<Topic>>> {
        self.by_name.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self) -> PathBuf {
        self.config.dir.join("topics")
    }
}

impl Topic {
    pub(crate) fn info(&self) -> TopicInfo {
        TopicInfo { name: self.name.to_string(), partitions: self.partitions.len() as i32, config: self.config.clone() }
    }
}

/// A line for each topic, tabs between name, partition count and entries; the checksum of it all at the end.
fn render(topics: &[TopicInfo]) -> String {
    let mut text = format!("{FIRST_LINE}\n");
    for topic in topics {
        text.push_str(&format!("{}\t{}", topic.name, topic.partitions));
        for (key, value) in topic.config.entries() {
            text.push_str(&format!("\t{key}={value}"));
        }
        text.push('\n');
    }
    let crc = crc32c::crc32c(text.as_bytes());
    text.push_str(&format!("crc32c\t{crc:08x}\n"));
    text
}

fn read_file(disk: &dyn Disk, path: &Path) -> Result<Vec<TopicInfo>, OpenError> {
    let text = match disk.read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(OpenError::io(path, error)),
    };
    parse(&text).map_err(|detail| OpenError::CorruptTopics { path: path.to_owned(), detail })
}

fn parse(text: &str) -> Result<Vec<TopicInfo>, String> {
    let body_len = text.rfind("crc32c\t").ok_or("no checksum")?;
    let (body, crc) = text.split_at(body_len);
    if crc.trim_end() != format!("crc32c\t{:08x}", crc32c::crc32c(body.as_bytes())) {
        return Err("the checksum does not match".to_owned());
    }
    let lines = body.strip_prefix(FIRST_LINE).ok_or("not a file of topics of this version")?.trim_start().lines();
    lines.map(parse_topic).collect()
}

fn parse_topic(line: &str) -> Result<TopicInfo, String> {
    let invalid = || format!("line `{line}`");
    let mut fields = line.split('\t');
    let name = fields.next().ok_or_else(invalid)?.to_owned();
    let partitions = fields.next().and_then(|count| count.parse().ok()).ok_or_else(invalid)?;
    let mut config = TopicConfig::default();
    for entry in fields {
        let (key, value) = entry.split_once('=').ok_or_else(invalid)?;
        config.set(key, value).map_err(|error| error.to_string())?;
    }
    Ok(TopicInfo { name, partitions, config })
}

/// For the fuzz targets: the lines, their checksum made good, are refused or read back as they were written.
#[cfg(any(test, fuzzing))]
pub(crate) fn check_topics_file(lines: &str) {
    let body = format!("{FIRST_LINE}\n{lines}");
    let text = format!("{body}crc32c\t{:08x}\n", crc32c::crc32c(body.as_bytes()));
    if let Ok(topics) = parse(&text) {
        assert_eq!(parse(&render(&topics)).as_ref(), Ok(&topics));
    }
    let _ = parse(lines);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_survive_being_written_and_damage_is_seen() {
        let mut config = TopicConfig::default();
        config.set("cleanup.policy", "compact").unwrap();
        config.set("retention.ms", "-1").unwrap();
        config.set("retention.bytes", "4096").unwrap();
        let topics = vec![
            TopicInfo { name: "a.b-c_d".to_owned(), partitions: 12, config },
            TopicInfo { name: "crc32c".to_owned(), partitions: 1, config: TopicConfig::default() },
        ];
        let text = render(&topics);
        assert_eq!(parse(&text).unwrap(), topics);
        assert!(parse(&text.replace("12", "13")).is_err());
        assert!(parse(&text[..text.len() - 10]).is_err());
    }
}
