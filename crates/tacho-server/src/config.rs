//! Limits and periods. The caller has checked the values; `Default` is what the product ships with.

use std::{net::SocketAddr, time::Duration};

/// How the HTTP server listens and what it refuses.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where to listen; port 0 takes a free one. That a non-loopback address is allowed is the caller's decision.
    pub listen: SocketAddr,
    /// Host names accepted in `Host` beside the loopback ones, when listening on loopback. Keeps a foreign page from
    /// reaching the API by re-binding its name to 127.0.0.1.
    pub allowed_hosts: Vec<String>,
    /// Connections at a time; further ones wait in the accept queue. Default: 1,024.
    pub connections_max: usize,
    /// Live streams at a time; further ones get 503. Default: 512.
    pub viewers_max: usize,
    /// Time for an answer (streams excluded). Default: 15 s.
    pub request_timeout: Duration,
    /// Time for a request's head to arrive. Default: 10 s.
    pub head_timeout: Duration,
    /// Size of a request's body in bytes. Default: 64 KiB.
    pub body_bytes_max: usize,
    /// Silence after which a live stream sends a comment. Default: 10 s.
    pub heartbeat: Duration,
    /// Time that open connections get when the server stops. Default: 2 s.
    pub drain: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            allowed_hosts: Vec::new(),
            connections_max: 1024,
            viewers_max: 512,
            request_timeout: Duration::from_secs(15),
            head_timeout: Duration::from_secs(10),
            body_bytes_max: 64 * 1024,
            heartbeat: Duration::from_secs(10),
            drain: Duration::from_secs(2),
        }
    }
}

/// How often viewers hear of changes.
#[derive(Debug, Clone)]
pub struct HubConfig {
    /// Time between two deltas of vehicles. Default: 500 ms.
    pub tick: Duration,
    /// How long alerts are gathered before they are sent. Default: 50 ms.
    pub alert_delay: Duration,
    /// Newest alerts kept for the feed. Default: 200.
    pub alerts_kept: usize,
    /// Open alerts kept; beyond it the oldest is forgotten here (the store has it). Default: 50,000.
    pub open_alerts_max: usize,
}

impl Default for HubConfig {
    fn default() -> Self {
        Self {
            tick: Duration::from_millis(500),
            alert_delay: Duration::from_millis(50),
            alerts_kept: 200,
            open_alerts_max: 50_000,
        }
    }
}
