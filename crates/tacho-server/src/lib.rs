//! HTTP API, live stream and the dashboard's assets.
