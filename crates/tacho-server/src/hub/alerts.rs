//! Open alerts, the newest alerts of the feed, and the news since the viewers last heard.

use crate::view::AlertView;
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

#[derive(Debug)]
pub(crate) struct Alerts {
    kept: usize,
    open_max: usize,
    /// Open alerts by id, with start and severity.
    open: HashMap<String, (i64, u8)>,
    /// The same by age, so that the oldest is found when there are too many.
    open_by_age: BTreeSet<(i64, String)>,
    by_severity: [u32; 5],
    /// Newest last.
    recent: VecDeque<Arc<AlertView>>,
    /// Since the viewers last heard; one per alert, newest last.
    news: VecDeque<Arc<AlertView>>,
}

impl Alerts {
    pub fn new(kept: usize, open_max: usize) -> Self {
        Self {
            kept,
            open_max,
            open: HashMap::new(),
            open_by_age: BTreeSet::new(),
            by_severity: [0; 5],
            recent: VecDeque::new(),
            news: VecDeque::new(),
        }
    }

    /// Takes an alert's newest version. Stale ones are history: counted while open, but not in the feed.
    pub fn apply(&mut self, alert: Arc<AlertView>) {
        self.count(&alert);
        if alert.stale {
            return;
        }
        remember(&mut self.recent, &alert, self.kept);
        // The news never hold more than the feed: a viewer who missed some sees the newest anyway.
        remember(&mut self.news, &alert, self.kept);
    }

    /// Takes an alert from before this process, unless it is known already.
    pub fn seed(&mut self, alert: Arc<AlertView>) {
        let is_known =
            self.open.contains_key(&alert.alert_id) || self.recent.iter().any(|known| known.alert_id == alert.alert_id);
        if is_known || alert.state != "open" {
            return;
        }
        self.count(&alert);
        if !alert.stale && self.recent.len() < self.kept {
            let place = self.recent.partition_point(|known| known.ts <= alert.ts);
            self.recent.insert(place, alert);
        }
    }

    fn count(&mut self, alert: &AlertView) {
        self.forget_open(&alert.alert_id);
        if alert.state != "open" {
            return;
        }
        if self.open.len() >= self.open_max
            && let Some((_, oldest)) = self.open_by_age.first().cloned()
        {
            self.forget_open(&oldest);
        }
        self.open.insert(alert.alert_id.clone(), (alert.ts.0, alert.severity));
        self.open_by_age.insert((alert.ts.0, alert.alert_id.clone()));
        self.by_severity[severity_slot(alert.severity)] += 1;
    }

    fn forget_open(&mut self, id: &str) {
        if let Some((ts_ms, severity)) = self.open.remove(id) {
            self.open_by_age.remove(&(ts_ms, id.to_owned()));
            self.by_severity[severity_slot(severity)] -= 1;
        }
    }

    /// The news since the last call, oldest first.
    pub fn take_news(&mut self) -> Vec<Arc<AlertView>> {
        std::mem::take(&mut self.news).into()
    }

    /// The feed, oldest first.
    pub fn recent(&self) -> Vec<Arc<AlertView>> {
        self.recent.iter().cloned().collect()
    }

    /// Open alerts by severity 1 to 5.
    pub fn open_by_severity(&self) -> [u32; 5] {
        self.by_severity
    }
}

fn severity_slot(severity: u8) -> usize {
    usize::from(severity.clamp(1, 5)) - 1
}

/// Replaces the alert where it stands, or appends it and drops the oldest beyond `kept`.
fn remember(list: &mut VecDeque<Arc<AlertView>>, alert: &Arc<AlertView>, kept: usize) {
    // Newest last, and updates concern young alerts: searched from the back.
    if let Some(known) = list.iter_mut().rev().find(|known| known.alert_id == alert.alert_id) {
        *known = Arc::clone(alert);
        return;
    }
    if list.len() >= kept {
        list.pop_front();
    }
    list.push_back(Arc::clone(alert));
}
