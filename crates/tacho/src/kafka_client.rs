//! How this program's Kafka clients show who they are: TLS and SASL from the configuration, secrets from files or the
//! environment.

use crate::{
    NotReachable,
    config::{Config, SaslMechanism},
};
use anyhow::{Context, Result, bail};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use tacho_kafka::{KafkaError, ProducerConfig, Sasl, Security, Tls};

/// A secret from its file, else from its environment variable.
pub fn secret(file: &Path, variable: &str) -> Result<Option<String>> {
    if !file.as_os_str().is_empty() {
        let text = std::fs::read_to_string(file).with_context(|| format!("read the secret in {}", file.display()))?;
        return Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()));
    }
    match std::env::var(variable) {
        Ok(text) => Ok(Some(text)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => bail!("the environment variable {variable} is not text"),
    }
}

/// TLS and SASL towards the configured brokers.
pub fn security(config: &Config) -> Result<Security> {
    let kafka = &config.kafka;
    let file = |path: &PathBuf| (!path.as_os_str().is_empty()).then(|| path.clone());
    let tls = match kafka.tls {
        true => Some(Tls {
            ca_file: file(&kafka.tls_ca_file),
            certificate_file: file(&kafka.tls_certificate_file),
            key_file: file(&kafka.tls_key_file),
            key_password: secret(&kafka.tls_key_password_file, "TACHO_KAFKA_TLS_KEY_PASSWORD")?,
        }),
        false => None,
    };
    for path in tls.iter().flat_map(|tls| [&tls.ca_file, &tls.certificate_file, &tls.key_file]).flatten() {
        std::fs::File::open(path).with_context(|| format!("read {}", path.display()))?;
    }
    let mechanism = match kafka.sasl_mechanism {
        SaslMechanism::None => return Ok(Security { tls, sasl: None }),
        SaslMechanism::Plain => tacho_kafka::SaslMechanism::Plain,
        SaslMechanism::ScramSha256 => tacho_kafka::SaslMechanism::ScramSha256,
        SaslMechanism::ScramSha512 => tacho_kafka::SaslMechanism::ScramSha512,
    };
    if tls.is_none() && mechanism == tacho_kafka::SaslMechanism::Plain {
        tracing::warn!("kafka.sasl_mechanism = \"plain\" without kafka.tls sends the password in the clear");
    }
    let password = secret(&kafka.sasl_password_file, "TACHO_KAFKA_SASL_PASSWORD")?
        .context("no password for SASL: set kafka.sasl_password_file, or TACHO_KAFKA_SASL_PASSWORD")?;
    let sasl = Sasl { mechanism, username: kafka.sasl_username.clone(), password };
    Ok(Security { tls, sasl: Some(sasl) })
}

/// A producer's set-up for these brokers.
pub fn producer(config: &Config, brokers: &str) -> Result<ProducerConfig> {
    Ok(ProducerConfig { security: security(config)?, ..ProducerConfig::new(brokers) })
}

/// Makes sure that the brokers answer.
pub fn probe(brokers: &str, security: &Security, patience: Duration) -> Result<()> {
    match tacho_kafka::probe(brokers, security, patience) {
        Ok(_) => Ok(()),
        Err(error @ KafkaError::NoBroker { .. }) => Err(NotReachable(error.to_string()).into()),
        Err(error) => Err(error.into()),
    }
}
