//! The trace of a request: taken from W3C `traceparent`, or new. It is in every error that is sent and in the log line about it.

use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use engine::Ids;

/// 32 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TraceId(String);

impl TraceId {
    pub(crate) fn of(headers: &HeaderMap, ids: &dyn Ids, now: DateTime<Utc>) -> TraceId {
        let sent = headers.get("traceparent").and_then(|value| value.to_str().ok()).and_then(parse);
        TraceId(sent.unwrap_or_else(|| ids.id(now).simple().to_string()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// `00-<32 digits>-<16 digits>-<2 digits>`; later versions may add fields at the end.
fn parse(header: &str) -> Option<String> {
    let mut fields = header.trim().split('-');
    let (version, trace, parent, flags) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let some = |text: &str| text.bytes().any(|byte| byte != b'0');
    let legal = hex(version, 2) && version != "ff" && hex(trace, 32) && hex(parent, 16) && hex(flags, 2);
    let whole = version != "00" || fields.next().is_none();
    (legal && whole && some(trace) && some(parent)).then(|| trace.to_owned())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn only_legal_parents_are_followed() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(parse(&format!("00-{trace}-00f067aa0ba902b7-01")).as_deref(), Some(trace));
        assert_eq!(parse(&format!("01-{trace}-00f067aa0ba902b7-01-later")).as_deref(), Some(trace));
        for bad in [
            "",
            "00-x-y-z",
            &format!("ff-{trace}-00f067aa0ba902b7-01"),
            &format!("00-{trace}-00f067aa0ba902b7-01-more"),
            &format!("00-{trace}-0000000000000000-01"),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
