//! TLS and SASL against a real broker, right and wrong.

use crate::{
    Bench, PATIENCE,
    broker::{PASSWORD, USER, broker},
    epoch, outputs, texts,
};
use std::time::{Duration, Instant};
use tacho_io::Log as _;
use tacho_kafka::{KafkaError, KafkaLog, KafkaLogConfig, Sasl, SaslMechanism, Security, Tls, probe};

fn sasl(mechanism: SaslMechanism, password: &str) -> Option<Sasl> {
    Some(Sasl { mechanism, username: USER.to_owned(), password: password.to_owned() })
}

#[test]
fn every_kind_of_log_in_reads_writes_and_fences_as_a_plain_client_does() {
    let broker = broker();
    let tls = || Some(Tls { ca_file: Some(broker.ca_file()), ..Tls::default() });
    let ways = [
        (broker.tls_address(), Security { tls: tls(), sasl: None }),
        (broker.sasl_address(), Security { tls: None, sasl: sasl(SaslMechanism::Plain, PASSWORD) }),
        (broker.sasl_address(), Security { tls: None, sasl: sasl(SaslMechanism::ScramSha512, PASSWORD) }),
        (broker.sasl_tls_address(), Security { tls: tls(), sasl: sasl(SaslMechanism::Plain, PASSWORD) }),
        (broker.sasl_tls_address(), Security { tls: tls(), sasl: sasl(SaslMechanism::ScramSha256, PASSWORD) }),
    ];
    for (address, security) in ways {
        let bench = Bench::new(&broker);
        let topic = bench.topic("trips", 2);
        probe(&address, &security, PATIENCE).unwrap();
        let config = KafkaLogConfig { brokers: address, security: security.clone(), ..bench.config() };
        let first = KafkaLog::open(config.clone()).unwrap();
        first.append_outputs(epoch(1), &outputs(&topic, &texts(0..20))).unwrap();
        let second = KafkaLog::open(KafkaLogConfig { is_known: true, ..config }).unwrap();
        assert_eq!(second.last_epoch(), Some(epoch(1)), "{security:?}");
        assert!(first.append_outputs(epoch(2), &outputs(&topic, &texts(20..30))).is_err());
        assert_eq!(crate::read_all(&second, &topic).own, 20);
    }
}

#[test]
fn wrong_credentials_and_certificates_are_said_at_once_and_without_the_password() {
    let broker = broker();
    let other_ca = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(other_ca.path(), OTHER_CA).unwrap();
    let right = || Some(Tls { ca_file: Some(broker.ca_file()), ..Tls::default() });
    let wrong = || Some(Tls { ca_file: Some(other_ca.path().to_owned()), ..Tls::default() });
    for (address, security, expected) in [
        (
            broker.sasl_address(),
            Security { tls: None, sasl: sasl(SaslMechanism::Plain, "guessed-it") },
            "Authentication failed",
        ),
        (
            broker.sasl_tls_address(),
            Security { tls: right(), sasl: sasl(SaslMechanism::ScramSha256, "guessed-it") },
            "invalid credentials",
        ),
        (broker.tls_address(), Security { tls: wrong(), sasl: None }, "certificate verify failed"),
    ] {
        let began = Instant::now();
        let bench = Bench::new(&broker);
        let config = KafkaLogConfig { brokers: address, security, ..bench.config() };
        let Err(error) = KafkaLog::open(config) else { panic!("{expected}") };
        assert!(matches!(error, KafkaError::Refused { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(expected) && text.contains("kafka.sasl_mechanism"), "{text}");
        assert!(!text.contains("guessed-it"), "{text}");
        assert!(began.elapsed() < PATIENCE);
    }
    // A client without TLS at a listener that wants it: for such a client nobody answers.
    let Err(error) = probe(&broker.tls_address(), &Security::default(), Duration::from_secs(5)) else { panic!() };
    assert!(matches!(error, KafkaError::NoBroker { .. }), "{error:?}");
}

/// The certificate of another authority.
const OTHER_CA: &str = include_str!("other-ca.pem");
