//! The log of stages as lowering sees it: rows of a platform table with fields, so that conditions on stays are lowered like those on records.

use std::sync::{Arc, OnceLock};

use expr::{Encoding, Expr, FieldPath, Root, Slot};
use indexmap::IndexMap;
use metadata::Name;
use metadata::catalog::{Field, FieldType, NumberLimits, Object, TextLimits};
use metadata::layout::{Column, Role, Table};
use sql::{Compare, From, Ident, Join, JoinKind, Relation, Scalar};

use super::LowerError;
use super::context::{Cx, Frame, Place, Rows, conjunction, equal, unknown, unsupported};

/// The columns of the log that are told, by their names in the API.
const COLUMNS: [(&str, &str, Encoding); 15] = [
    ("id", "id", Encoding::Id),
    ("lifecycle", "lifecycle", Encoding::Text),
    ("transition", "name", Encoding::Text),
    ("from", "from_stage", Encoding::Text),
    ("to", "to_stage", Encoding::Text),
    ("pass", "pass", Encoding::Int),
    ("enteredAt", "entered", Encoding::DateTime),
    ("leftAt", "left_at", Encoding::DateTime),
    ("leftTo", "left_to", Encoding::Text),
    ("actor", "actor", Encoding::Text),
    ("user", "user_id", Encoding::Id),
    ("cause", "cause", Encoding::Text),
    ("detail", "detail", Encoding::Text),
    ("reason", "reason", Encoding::Text),
    ("version", "version", Encoding::Int),
];

/// Where a record stood at some instant.
#[derive(Clone)]
pub(super) struct Past {
    /// Alias of the stay.
    stay: Ident,
    /// Slot of the instant.
    pub at: Slot,
}

/// The log as an object of fields and its table. No catalog holds it.
struct Log {
    object: Arc<Object>,
    table: Table,
}

fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let names = COLUMNS.iter().filter_map(|(name, column, encoding)| {
            Some((Name::new(name).ok()?, (*column).to_owned(), *encoding))
        });
        let (mut fields, mut columns) = (IndexMap::new(), IndexMap::new());
        for (name, column, encoding) in names {
            let ty = match encoding {
                Encoding::Id => FieldType::Id,
                Encoding::Int => FieldType::BigInt(NumberLimits::default()),
                Encoding::DateTime => FieldType::DateTime,
                _ => FieldType::Text(TextLimits::default()),
            };
            columns.insert(name.clone(), vec![Column { name: column, role: Role::Value, encoding }]);
            fields.insert(name.clone(), Arc::new(field(name, ty)));
        }
        let table = Table {
            name: "transition".to_owned(),
            fields: columns,
            dropped: Vec::new(),
            retired: Vec::new(),
        };
        Log { object: Arc::new(object(fields)), table }
    })
}

fn field(name: Name, ty: FieldType) -> Field {
    Field {
        title: name.to_string(),
        name,
        titles: IndexMap::new(),
        description: None,
        ty,
        required: false,
        default: None,
        sensitive: false,
        system: true,
        folded: false,
        system_scope: false,
        renamed_from: None,
    }
}

fn object(fields: IndexMap<Name, Arc<Field>>) -> Object {
    // Nothing asks for it: the log is known by its place in memory.
    let name = Name::new("stay").expect("a legal name");
    Object {
        plural: name.clone(),
        name,
        title: String::new(),
        titles: IndexMap::new(),
        description: None,
        package: String::new(),
        fields,
        display: None,
        search: Vec::new(),
        indexes: Vec::new(),
        uniques: Vec::new(),
        rules: Vec::new(),
        owned: false,
        history: false,
        link: false,
        renamed_from: None,
    }
}

/// The table of the log, where the object is the log.
pub(super) fn table_of(object: &Arc<Object>) -> Option<&'static Table> {
    let log = log();
    Arc::ptr_eq(object, &log.object).then_some(&log.table)
}

/// The table's name.
pub(super) fn table() -> Relation {
    Relation::Table(Ident::made("transition"))
}

/// A column of the log that is not told.
pub(super) fn column(alias: &Ident, name: &str) -> Scalar {
    Scalar::Column(alias.clone(), Ident::made(name))
}

/// The column of a stay that holds what a field of the record holds now.
fn of_record(field: &str) -> Option<(&'static str, Encoding)> {
    match field {
        "lifecycle" => Some(("lifecycle", Encoding::Text)),
        "stage" => Some(("to_stage", Encoding::Text)),
        "stageEnteredAt" => Some(("entered", Encoding::DateTime)),
        "pass" => Some(("pass", Encoding::Int)),
        _ => None,
    }
}

impl Past {
    /// What a field of the record held then.
    pub fn field(&self, name: &str) -> Option<(Scalar, Encoding)> {
        of_record(name).map(|(name, encoding)| (column(&self.stay, name), encoding))
    }
}

impl Cx<'_> {
    /// The stays of a record: of the object at `place`, with the id `near`.
    pub fn stays(&mut self, place: &Place, near: Scalar) -> Rows {
        let alias = self.alias('t');
        let mut filter = vec![
            equal(column(&alias, "object"), Scalar::Text(place.object.name.to_string())),
            equal(column(&alias, "record"), near),
        ];
        if let Some(past) = &place.past {
            filter.push(self.entered_by(&alias, past.at));
        }
        let from = From { source: table(), alias: alias.clone() };
        let there = Place { alias, object: Arc::clone(&log().object), scope: None, past: None };
        Rows { from, frame: Frame::open(), filter, place: there }
    }

    /// That a stay had begun at an instant.
    pub fn entered_by(&mut self, stay: &Ident, at: Slot) -> Scalar {
        let at = Scalar::Param(self.slot(at, None, Encoding::DateTime, false));
        Scalar::Compare(Compare::LessOrEqual, Box::new(column(stay, "entered")), Box::new(at))
    }

    /// That a stay had not ended at an instant.
    pub fn not_left_by(&mut self, stay: &Ident, at: Slot) -> Scalar {
        let at = Scalar::Param(self.slot(at, None, Encoding::DateTime, false));
        let left = column(stay, "left_at");
        let later = Scalar::Compare(Compare::Greater, Box::new(left.clone()), Box::new(at));
        Scalar::Or(vec![Scalar::IsNull(Box::new(left)), later])
    }

    /// The place with its lifecycle as it stood at an instant: the stay of then is joined.
    pub fn at(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        at: Slot,
        kind: JoinKind,
    ) -> Result<Place, LowerError> {
        let alias = self.alias('t');
        let on = vec![
            equal(column(&alias, "object"), Scalar::Text(place.object.name.to_string())),
            equal(column(&alias, "record"), self.id(place)?),
            self.entered_by(&alias, at),
            self.not_left_by(&alias, at),
        ];
        let from = From { source: table(), alias: alias.clone() };
        frame.joins.push(Join { kind, from, on: conjunction(on) });
        Ok(Place { past: Some(Past { stay: alias, at }), ..place.clone() })
    }

    /// [`expr::Node::Stays`]: those of them that satisfy the condition.
    pub fn stays_of(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        record: &FieldPath,
        condition: Option<&Expr>,
    ) -> Result<Rows, LowerError> {
        if record.root != Root::Record {
            return Err(unsupported("the log of anything but `record`"));
        }
        let mut rows = if record.steps.is_empty() {
            let near = self.id(place)?;
            self.stays(place, near)
        } else {
            let object = self.end_of(place, &record.steps)?;
            let near = self.steps(frame, place, &record.steps)?.scalar;
            let there = Place { object, past: None, ..place.clone() };
            self.stays(&there, near)
        };
        if let Some(condition) = condition {
            let stay = rows.place.clone();
            let truth = self.truth(&mut rows.frame, &stay, condition)?;
            rows.filter.push(truth);
        }
        Ok(rows)
    }

    /// The object that to-one relations lead to.
    pub fn end_of(&self, place: &Place, steps: &[Arc<str>]) -> Result<Arc<Object>, LowerError> {
        let mut object = Arc::clone(&place.object);
        let mut steps = steps.iter();
        while let Some(step) = steps.next() {
            object = match object.field(step).map(|field| &field.ty) {
                Some(FieldType::Lookup(lookup)) => self.object(&lookup.to)?,
                Some(FieldType::Polymorphic { .. }) => {
                    let target = steps.next().ok_or_else(|| unknown(&object.name, step))?;
                    self.object(target)?
                }
                _ => return Err(unknown(&object.name, step)),
            };
        }
        Ok(object)
    }
}
