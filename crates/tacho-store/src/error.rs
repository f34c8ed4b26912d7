//! What a failure of ClickHouse means for the caller.

use clickhouse::error::Error;
use tacho_io::StoreError;

/// ClickHouse's codes after which the same call may succeed later: timeouts, overload, restarts, full disks, a
/// cluster that is not ready.
const TRANSIENT_CODES: [u32; 22] = [
    75,  // CANNOT_WRITE_TO_FILE_DESCRIPTOR: a full disk
    159, // TIMEOUT_EXCEEDED
    160, // TOO_SLOW
    202, // TOO_MANY_SIMULTANEOUS_QUERIES
    203, // NO_FREE_CONNECTION
    209, // SOCKET_TIMEOUT
    210, // NETWORK_ERROR
    225, // NO_ZOOKEEPER
    236, // ABORTED
    241, // MEMORY_LIMIT_EXCEEDED
    242, // TABLE_IS_READ_ONLY
    243, // NOT_ENOUGH_SPACE
    252, // TOO_MANY_PARTS
    279, // ALL_CONNECTION_TRIES_FAILED
    285, // TOO_FEW_LIVE_REPLICAS
    286, // UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
    319, // UNKNOWN_STATUS_OF_INSERT
    394, // QUERY_WAS_CANCELLED
    425, // SYSTEM_ERROR
    439, // CANNOT_SCHEDULE_TASK
    473, // DEADLOCK_AVOIDED
    999, // KEEPER_EXCEPTION
];

/// Sorts an error of the client.
pub fn store_error(error: &Error) -> StoreError {
    match error {
        Error::Network(_) | Error::TimedOut => StoreError::Unavailable(chain(error)),
        Error::BadResponse(text) => match code(text) {
            Some(code) if TRANSIENT_CODES.contains(&code) => StoreError::Unavailable(text.clone()),
            Some(_) => StoreError::Refused(text.clone()),
            // No word of ClickHouse's: a proxy, or something on its way up or down.
            None => StoreError::Unavailable(text.clone()),
        },
        _ => StoreError::Refused(chain(error)),
    }
}

/// The code in `Code: 60. DB::Exception: ...`.
fn code(text: &str) -> Option<u32> {
    let rest = &text[text.find("Code: ")? + "Code: ".len()..];
    rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())].parse().ok()
}

fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overload_is_worth_a_retry_and_a_refusal_is_not() {
        for (text, is_transient) in [
            ("Code: 252. DB::Exception: Too many parts", true),
            ("Code: 241. DB::Exception: Code: 62. ...", true),
            ("502 Bad Gateway", true),
            ("Code: 60. DB::Exception: Unknown table", false),
            ("Code: 16. DB::Exception: No such column", false),
        ] {
            let error = store_error(&Error::BadResponse(text.into()));
            assert_eq!(matches!(error, StoreError::Unavailable(_)), is_transient, "{text}");
        }
        assert!(matches!(store_error(&Error::TimedOut), StoreError::Unavailable(_)));
        assert!(matches!(store_error(&Error::RowNotFound), StoreError::Refused(_)));
    }
}
