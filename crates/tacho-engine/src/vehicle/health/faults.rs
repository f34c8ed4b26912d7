//! Open fault codes: one alert each, from the status that brings a code to the one that lacks it.

use super::is_newer;
use crate::vehicle::{
    absence,
    alerts::{Begin, Episode},
    fix::Fix,
    state::{Context, Vehicle},
};
use serde::{Deserialize, Serialize};
use tacho_model::{AlertType, EventTime, LimitSource};

/// Codes that are kept at a time; a vehicle with more has another trouble.
const CODES_MAX: usize = 64;

/// The open codes, and those that closed lately.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Faults {
    last: EventTime,
    /// In the order in which they came.
    open: Vec<Episode>,
}

impl Default for Faults {
    fn default() -> Self {
        Self { last: EventTime::MIN, open: Vec::new() }
    }
}

impl Faults {
    /// True without codes.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The episodes in state.
    pub fn episodes_mut(&mut self) -> impl Iterator<Item = &mut Episode> {
        self.open.iter_mut()
    }

    /// Takes the codes of a status.
    pub fn take(&mut self, vehicle: &mut Vehicle, fix: &Fix<'_>, codes: &[Box<str>], ctx: &mut Context<'_>) {
        if !is_newer(fix.at, &mut self.last) {
            return;
        }
        let merge_gap_ms = ctx.config.merge_gap_ms;
        self.open.retain(|fault| fault.ended_at.is_none_or(|ended_at| fix.at.ms_since(ended_at) <= merge_gap_ms));
        for fault in &mut self.open {
            match (codes.contains(&fault.subject), fault.ended_at) {
                (true, Some(_)) => {
                    fault.ended_at = None;
                    fault.tell(vehicle, ctx);
                }
                (false, None) => fault.end(vehicle, fix.at, ctx),
                _ => {}
            }
        }
        for code in codes {
            let is_known = self.open.iter().any(|fault| fault.subject == *code);
            if !is_known && self.open.len() < CODES_MAX {
                let fault = raise(vehicle, fix, code, ctx);
                self.open.push(fault);
            }
        }
        let is_critical = |fault: &Episode| {
            fault.ended_at.is_none() && ctx.config.critical_faults.iter().any(|code| **code == *fault.subject)
        };
        let is_broken = self.open.iter().any(is_critical);
        absence::set_broken(vehicle, fix.at, is_broken, ctx);
    }
}

fn raise(vehicle: &Vehicle, fix: &Fix<'_>, code: &str, ctx: &mut Context<'_>) -> Episode {
    let begin = Begin {
        alert_type: AlertType::FaultCode,
        started_at: fix.at,
        position: fix.position,
        severity: 2,
        value: 1.0,
        threshold: 1.0,
        limit_source: LimitSource::None,
        interval_ms: 0,
    };
    let episode = Episode::begin(vehicle, fix, begin, ctx).about(vehicle, code);
    episode.tell(vehicle, ctx);
    episode
}
