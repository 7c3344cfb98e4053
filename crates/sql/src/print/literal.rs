//! Constants as text, where the databases take no parameters: in definitions.

use expr::{Encoding, Value};

use super::Printer;
use super::types::value_type;
use crate::{Dialect, Param, Source};

impl Printer {
    /// A quoted text.
    pub(super) fn quoted(&mut self, text: &str) {
        self.out.push('\'');
        for c in text.chars().filter(|c| *c != '\0') {
            if c == '\'' {
                self.out.push('\'');
            }
            self.out.push(c);
        }
        self.out.push('\'');
    }

    /// A text with its type and, on PostgreSQL, its order.
    pub(super) fn text(&mut self, text: &str) {
        self.quoted(text);
        if self.dialect == Dialect::Postgres {
            self.put("::text COLLATE \"C\"");
        }
    }

    /// A whole number.
    pub(super) fn int(&mut self, number: i64) {
        match (self.dialect, number < 0) {
            (Dialect::Postgres, true) => self.put(&format!("({number})::bigint")),
            (Dialect::Postgres, false) => self.put(&format!("{number}::bigint")),
            (Dialect::Sqlite, true) => self.put(&format!("({number})")),
            (Dialect::Sqlite, false) => self.put(&number.to_string()),
        }
    }

    /// The constant of a parameter as a literal; a slot, which a definition cannot have, is NULL and matches nothing.
    pub(super) fn literal(&mut self, param: &Param) {
        let value = match &param.source {
            Source::Constant(value) => value,
            Source::Slot(_) | Source::Zip(_) => &Value::Null,
        };
        if param.list {
            self.literal_list(value, param.encoding);
        } else {
            self.literal_value(value, param.encoding);
        }
    }

    fn literal_list(&mut self, value: &Value, encoding: Encoding) {
        let values: &[Value] = if let Value::List(values) = value { values } else { &[] };
        match self.dialect {
            Dialect::Postgres => {
                self.put("ARRAY[");
                self.each(values, ", ", |p, value| p.literal_value(value, encoding));
                self.put(&format!("]::{}[]", value_type(encoding)));
            }
            Dialect::Sqlite => {
                self.put("json_array(");
                self.each(values, ", ", |p, value| p.literal_value(value, encoding));
                self.put(")");
            }
        }
    }

    fn literal_value(&mut self, value: &Value, encoding: Encoding) {
        let cast = self.dialect == Dialect::Postgres;
        match value {
            Value::Null => self.put("NULL"),
            Value::Bool(v) => self.put(if *v { "TRUE" } else { "FALSE" }),
            Value::Int(v) => match (encoding, self.dialect) {
                (Encoding::Decimal(scale), Dialect::Sqlite) => {
                    let scaled = i128::from(*v) * 10_i128.pow(u32::from(scale));
                    self.put(&format!("({scaled})"));
                }
                _ => self.int(*v),
            },
            Value::Decimal(v) => match self.dialect {
                Dialect::Postgres => {
                    self.quoted(&v.normalize().to_string());
                }
                Dialect::Sqlite => {
                    let scale = if let Encoding::Decimal(scale) = encoding { scale } else { 0 };
                    let mut scaled = *v;
                    scaled.rescale(u32::from(scale));
                    self.put(&format!("({})", scaled.mantissa()));
                }
            },
            Value::Float(v) => self.put(&format!("({v:e})")),
            Value::Duration(v) => self.int(v.seconds().unwrap_or_default()),
            Value::List(_) if cast && encoding == Encoding::TextList => {
                self.literal_list(value, Encoding::Text);
            }
            Value::Text(_)
            | Value::Date(_)
            | Value::Time(_)
            | Value::DateTime(_)
            | Value::Id(_)
            | Value::List(_)
            | Value::Json(_) => self.quoted(&value.to_text()),
        }
        if cast && !matches!(value, Value::Int(_) | Value::Duration(_) | Value::Bool(_)) {
            self.put("::");
            self.put(value_type(encoding));
            if encoding == Encoding::Text {
                self.put(" COLLATE \"C\"");
            }
        }
    }
}
