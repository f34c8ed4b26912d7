//! Encryption and authentication towards the brokers.

use crate::error::KafkaError;
use rdkafka::config::ClientConfig;
use std::{fmt, path::PathBuf};

/// How a client shows who it is and how the connection is protected. The default is neither: a broker on loopback or
/// in a trusted network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Security {
    /// TLS, when set.
    pub tls: Option<Tls>,
    /// SASL, when set.
    pub sasl: Option<Sasl>,
}

/// TLS. The name in the broker's certificate must be that of its address.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// Certificates of the authorities to trust (PEM); the system's when not given.
    pub ca_file: Option<PathBuf>,
    /// The client's own certificate (PEM), for mutual TLS.
    pub certificate_file: Option<PathBuf>,
    /// The key of that certificate (PEM).
    pub key_file: Option<PathBuf>,
    /// What the key is encrypted with; never printed.
    pub key_password: Option<String>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { ca_file, certificate_file, key_file, key_password: _ } = self;
        f.debug_struct("Tls")
            .field("ca_file", ca_file)
            .field("certificate_file", certificate_file)
            .field("key_file", key_file)
            .finish_non_exhaustive()
    }
}

/// SASL with a name and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Sasl {
    /// How the password is shown to the broker.
    pub mechanism: SaslMechanism,
    /// User name.
    pub username: String,
    /// Password; never printed.
    pub password: String,
}

impl fmt::Debug for Sasl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mechanism, username, password: _ } = self;
        f.debug_struct("Sasl").field("mechanism", mechanism).field("username", username).finish_non_exhaustive()
    }
}

/// SASL mechanisms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaslMechanism {
    /// The password as it is; only over TLS, or where nobody listens.
    Plain,
    /// Challenge and response with SHA-256. Needs a librdkafka with its feature `ssl`, which brings the hashes.
    ScramSha256,
    /// The same with SHA-512.
    ScramSha512,
}

impl SaslMechanism {
    const fn name(self) -> &'static str {
        match self {
            SaslMechanism::Plain => "PLAIN",
            SaslMechanism::ScramSha256 => "SCRAM-SHA-256",
            SaslMechanism::ScramSha512 => "SCRAM-SHA-512",
        }
    }

    const fn feature(self) -> &'static str {
        match self {
            SaslMechanism::Plain => "sasl_plain",
            SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512 => "sasl_scram",
        }
    }
}

impl Security {
    /// Says what this build of librdkafka lacks for these settings.
    ///
    /// # Errors
    /// `Unsupported` with the feature that is missing.
    pub fn check(&self) -> Result<(), KafkaError> {
        let built = built_features()?;
        let has = |feature: &str| built.split(',').any(|name| name.trim() == feature);
        if self.tls.is_some() && !has("ssl") {
            return Err(KafkaError::Unsupported { feature: "ssl", needed_for: "TLS" });
        }
        match &self.sasl {
            Some(sasl) if !has(sasl.mechanism.feature()) => {
                let feature = sasl.mechanism.feature();
                Err(KafkaError::Unsupported { feature, needed_for: sasl.mechanism.name() })
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn apply(&self, config: &mut ClientConfig) {
        let protocol = match (&self.tls, &self.sasl) {
            (None, None) => return,
            (Some(_), None) => "ssl",
            (None, Some(_)) => "sasl_plaintext",
            (Some(_), Some(_)) => "sasl_ssl",
        };
        config.set("security.protocol", protocol);
        if let Some(tls) = &self.tls {
            let files = [
                ("ssl.ca.location", &tls.ca_file),
                ("ssl.certificate.location", &tls.certificate_file),
                ("ssl.key.location", &tls.key_file),
            ];
            for (key, file) in files {
                if let Some(file) = file {
                    config.set(key, file.display().to_string());
                }
            }
            if tls.ca_file.is_none() {
                // OpenSSL is linked in and does not know where this system keeps its authorities.
                config.set("ssl.ca.location", "probe");
            }
            if let Some(password) = &tls.key_password {
                config.set("ssl.key.password", password);
            }
        }
        if let Some(sasl) = &self.sasl {
            config
                .set("sasl.mechanism", sasl.mechanism.name())
                .set("sasl.username", &sasl.username)
                .set("sasl.password", &sasl.password);
        }
    }
}

/// What librdkafka was built with, separated by commas.
fn built_features() -> Result<String, KafkaError> {
    let native = ClientConfig::new().create_native_config().map_err(KafkaError::Config)?;
    native.get("builtin.features").map_err(KafkaError::Config)
}
