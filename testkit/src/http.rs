//! Blocking requests to one instance.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::time::Duration;

/// Longest wait for an answer: longer than the longest wait that a caller may ask the server for, and than a query over a
/// day of a fleet takes.
const ANSWER_PATIENCE: Duration = Duration::from_secs(300);

/// An HTTP client that blocks the calling thread.
pub struct Http {
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
}

impl Http {
    /// A client.
    ///
    /// # Errors
    /// When its runtime cannot start.
    pub fn new() -> Result<Http> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start a runtime")?;
        // Nobody looks after idle connections between two requests: one that the server has closed would be used again.
        let client = reqwest::Client::builder().timeout(ANSWER_PATIENCE).pool_max_idle_per_host(0).build();
        let client = client.context("make an HTTP client")?;
        Ok(Http { runtime, client })
    }

    /// A JSON document.
    ///
    /// # Errors
    /// When there is no answer, or it is no success or no JSON.
    pub fn get_json(&self, url: &str) -> Result<Value> {
        let text = self.get_text(url)?;
        serde_json::from_str(&text).with_context(|| format!("GET {url}: {text}"))
    }

    /// A text.
    ///
    /// # Errors
    /// When there is no answer, or it is no success.
    pub fn get_text(&self, url: &str) -> Result<String> {
        self.send(self.client.get(url)).with_context(|| format!("GET {url}"))
    }

    /// What a request with that body answers.
    ///
    /// # Errors
    /// When there is no answer, or it is no success.
    pub fn post(&self, url: &str, body: String) -> Result<String> {
        self.send(self.client.post(url).body(body)).with_context(|| format!("POST {url}"))
    }

    fn send(&self, request: reqwest::RequestBuilder) -> Result<String> {
        self.runtime.block_on(async {
            let response = request.send().await?;
            let status = response.status();
            let text = response.text().await?;
            ensure!(status.is_success(), "{status}: {text}");
            Ok(text)
        })
    }
}
