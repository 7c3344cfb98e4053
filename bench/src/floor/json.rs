//! JSON bytes, written value by value: the forms are those of Armature's API.

use std::io::Write;

use chrono::{DateTime, Datelike, NaiveDate, Timelike, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

/// A growing answer.
pub struct Json(Vec<u8>);

impl Json {
    /// Begins with this text.
    pub fn new(start: &str) -> Self {
        let mut bytes = Vec::with_capacity(16 * 1024);
        bytes.extend_from_slice(start.as_bytes());
        Self(bytes)
    }

    /// The bytes, ended with this text.
    pub fn end(mut self, end: &str) -> Vec<u8> {
        self.raw(end);
        self.0
    }

    /// Text that is JSON already.
    pub fn raw(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A comma, unless this is the first of a list.
    pub fn comma(&mut self, place: usize) {
        if place > 0 {
            self.0.push(b',');
        }
    }

    /// A string or null.
    pub fn text(&mut self, value: Option<&str>) {
        let Some(value) = value else { return self.raw("null") };
        if value.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
            self.0.push(b'"');
            self.raw(value);
            self.0.push(b'"');
        } else {
            self.raw(&serde_json::Value::from(value).to_string());
        }
    }

    /// An id or null.
    pub fn id(&mut self, value: Option<Uuid>) {
        let Some(value) = value else { return self.raw("null") };
        let mut buffer = Uuid::encode_buffer();
        self.0.push(b'"');
        self.raw(value.hyphenated().encode_lower(&mut buffer));
        self.0.push(b'"');
    }

    /// A whole number or null.
    pub fn whole(&mut self, value: Option<i64>) {
        match value {
            Some(value) => self.raw(itoa::Buffer::new().format(value)),
            None => self.raw("null"),
        }
    }

    /// An exact decimal, as a string without trailing zeros, or null.
    pub fn decimal(&mut self, value: Option<Decimal>) {
        match value {
            // Writing into a vector cannot fail.
            Some(value) => drop(write!(self.0, "\"{}\"", value.normalize())),
            None => self.raw("null"),
        }
    }

    /// A day or null.
    pub fn day(&mut self, value: Option<NaiveDate>) {
        let Some(value) = value else { return self.raw("null") };
        self.0.push(b'"');
        self.date(value);
        self.0.push(b'"');
    }

    /// An instant or null.
    pub fn instant(&mut self, value: Option<DateTime<Utc>>) {
        let Some(value) = value else { return self.raw("null") };
        self.0.push(b'"');
        self.date(value.date_naive());
        for (before, part) in [(b'T', value.hour()), (b':', value.minute()), (b':', value.second())] {
            self.0.push(before);
            self.digits(part, 10);
        }
        self.0.push(b'.');
        self.digits(value.timestamp_subsec_micros(), 100_000);
        self.raw("Z\"");
    }

    fn date(&mut self, value: NaiveDate) {
        self.digits(value.year().unsigned_abs(), 1000);
        self.0.push(b'-');
        self.digits(value.month(), 10);
        self.0.push(b'-');
        self.digits(value.day(), 10);
    }

    /// A number with leading zeros, from the digit of this weight on.
    fn digits(&mut self, value: u32, weight: u32) {
        let mut weight = weight;
        while weight > 0 {
            let digit = u8::try_from(value / weight % 10).unwrap_or(0);
            self.0.push(b'0' + digit);
            weight /= 10;
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDate};
    use rust_decimal::Decimal;

    use super::Json;

    #[test]
    fn values_have_the_forms_of_the_api() {
        let mut json = Json::new("[");
        json.text(Some("a \"b\""));
        json.comma(1);
        json.decimal(Some(Decimal::new(12_500, 3)));
        json.comma(1);
        json.day(NaiveDate::from_ymd_opt(2025, 3, 9));
        json.comma(1);
        json.instant(DateTime::from_timestamp(1_717_228_801, 5_000));
        json.comma(1);
        json.whole(Some(-7));
        json.comma(1);
        json.id(None);
        let text = String::from_utf8(json.end("]")).expect("text");
        assert_eq!(text, r#"["a \"b\"","12.5","2025-03-09","2024-06-01T08:00:01.000005Z",-7,null]"#);
    }
}
