//! List cells and list parameters. On SQLite both are JSON arrays.

use expr::Value;

use super::Printer;
use crate::{Dialect, ListTest, Param, Scalar, Source};

impl Printer {
    /// `x = ANY(list)`: one statement whatever the number of values.
    pub(super) fn in_param(&mut self, x: &Scalar, list: &Param) {
        if self.literal {
            // An index's condition admits no subselect.
            return self.in_literals(x, list);
        }
        self.put("(");
        self.scalar(x);
        match self.dialect {
            Dialect::Postgres => {
                self.put(" = ANY(");
                self.param(list);
                self.put("))");
            }
            Dialect::Sqlite => {
                self.put(" IN (SELECT \"value\" FROM json_each(");
                self.param(list);
                self.put(")))");
            }
        }
    }

    fn in_literals(&mut self, x: &Scalar, list: &Param) {
        let items = match &list.source {
            Source::Constant(Value::List(items)) => items.as_slice(),
            Source::Constant(_) | Source::Slot(_) | Source::Zip(_) => &[],
        };
        let items: Vec<Scalar> = items
            .iter()
            .map(|item| {
                Scalar::Param(Param { source: Source::Constant(item.clone()), list: false, ..list.clone() })
            })
            .collect();
        self.in_list(x, &items);
    }

    pub(super) fn like_all(&mut self, x: &Scalar, patterns: &Param) {
        let patterns = Scalar::Param(patterns.clone());
        match self.dialect {
            Dialect::Postgres => self.once(&[x, &patterns], "($0 LIKE ALL($1))"),
            Dialect::Sqlite => {
                let each = self.alias();
                let each = each.as_str();
                let template = format!(
                    "($0 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM json_each($1) AS \"{each}\" \
                     WHERE NOT ($0 LIKE \"{each}\".\"value\" ESCAPE '\\')))"
                );
                self.once(&[x, &patterns], &template);
            }
        }
    }

    /// Null or false where the list is null, but `IsEmpty`, which is true then.
    pub(super) fn list_test(&mut self, test: ListTest, list: &Scalar, operand: Option<&Scalar>) {
        let nothing = Scalar::Null(expr::Encoding::Text);
        let operand = operand.unwrap_or(&nothing);
        let template = match (test, self.dialect) {
            (ListTest::IsEmpty, Dialect::Postgres) => "(coalesce(cardinality($0), 0) = 0)".to_owned(),
            (ListTest::IsEmpty, Dialect::Sqlite) => "(coalesce(json_array_length($0), 0) = 0)".to_owned(),
            (ListTest::Has, Dialect::Postgres) => "($0 @> ARRAY[$1])".to_owned(),
            (ListTest::HasAny, Dialect::Postgres) => "($0 && $1)".to_owned(),
            (ListTest::HasAll, Dialect::Postgres) => "($0 @> $1)".to_owned(),
            (ListTest::Has, Dialect::Sqlite) => "($1 IN (SELECT \"value\" FROM json_each($0)))".to_owned(),
            (ListTest::HasAny, Dialect::Sqlite) => {
                let each = self.alias();
                let each = each.as_str();
                format!(
                    "EXISTS (SELECT 1 FROM json_each($0) AS \"{each}\" WHERE \"{each}\".\"value\" IN (SELECT \"value\" FROM json_each($1)))"
                )
            }
            (ListTest::HasAll, Dialect::Sqlite) => {
                let each = self.alias();
                let each = each.as_str();
                format!(
                    "($0 IS NOT NULL AND NOT EXISTS (SELECT 1 FROM json_each($1) AS \"{each}\" \
                     WHERE \"{each}\".\"value\" NOT IN (SELECT \"value\" FROM json_each($0))))"
                )
            }
        };
        self.once(&[list, operand], &template);
    }
}
