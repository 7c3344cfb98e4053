//! Records as scripts see them: a field is read when it is asked for, and what the principal may not see is not there.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use expr::{EvalError, Value};
use indexmap::IndexMap;
use metadata::Name;
use metadata::catalog::FieldType;
use metadata::layout::Role;
use query::access::Access;
use script::{Data, Fixed, Host, HostCall, HostError, Place, View, ViewError};
use uuid::Uuid;

use super::port::Port;
use crate::caller::Caller;
use crate::environment::Judged;
use crate::model::{Record, Shape};

/// As whom a record is seen.
#[derive(Clone)]
pub(crate) struct Sight {
    /// Who reads: their clock, zone and facts.
    pub(crate) caller: Arc<Caller>,
    /// What they may see; a guard judges with all of it.
    pub(crate) access: Access,
    pub(crate) now: DateTime<Utc>,
    /// Values that were fetched, by their path from the record.
    pub(crate) fetched: Arc<HashMap<String, Data>>,
}

/// A record on its way.
struct OnItsWay {
    shape: Arc<Shape>,
    record: Record,
    before: Option<Record>,
    sight: Sight,
    port: Option<Port>,
}

/// A record that another one points at.
struct Pointed {
    object: Name,
    id: Uuid,
    /// How it is reached from the record.
    path: String,
    fetched: Arc<HashMap<String, Data>>,
    port: Option<Port>,
}

/// A record as a script sees it.
pub(crate) fn of_record(
    shape: &Arc<Shape>,
    record: &Record,
    before: Option<&Record>,
    sight: Sight,
) -> Arc<dyn View> {
    Arc::new(OnItsWay {
        shape: Arc::clone(shape),
        record: record.clone(),
        before: before.cloned(),
        sight,
        port: None,
    })
}

/// The same, where what is not at hand can be asked for.
pub(super) fn lively(view: Arc<dyn View>, port: &Port) -> Arc<dyn View> {
    Arc::new(Lively { view, port: port.weak() })
}

/// A record found by a handler, or pointed at by one.
pub(super) fn pointed(object: &Name, id: Uuid, port: &Port) -> Arc<dyn View> {
    Arc::new(Pointed {
        object: object.clone(),
        id,
        path: String::new(),
        fetched: Arc::default(),
        port: Some(port.weak()),
    })
}

/// The acting user as far as is known.
pub(super) fn acting(caller: &Caller, now: DateTime<Utc>) -> Arc<dyn View> {
    let object = caller.catalog.object("user");
    let names = object.map(|object| object.fields.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let mut values = IndexMap::new();
    for name in names {
        let value = caller.facts.value(&[name.shared()], now);
        values.insert(name.to_string(), Data::from(value));
    }
    let id = caller.actor.user.map_or(Value::Null, |id| Value::Text(id.to_string()));
    values.insert("id".to_owned(), Data::Value(id));
    Arc::new(Fixed {
        kind: "user".to_owned(),
        id: caller.actor.user.map(|id| id.to_string()),
        values,
        assignable: false,
    })
}

impl OnItsWay {
    fn sees(&self, name: &str) -> bool {
        self.sight.access.sees(&self.shape.object.name, name)
    }

    fn judged(&self) -> Judged<'_> {
        Judged::new(&self.sight.caller, self.sight.now, &self.shape, &self.record, self.before.as_ref())
    }

    fn related(&self, name: &str, object: &Name, id: Uuid) -> Data {
        let (fetched, port) = (Arc::clone(&self.sight.fetched), self.port.clone());
        Data::Record(Arc::new(Pointed { object: object.clone(), id, path: name.to_owned(), fetched, port }))
    }

    fn value(&self, name: &str, ty: &FieldType) -> Option<Data> {
        match ty {
            FieldType::Formula { expr, .. } => match expr::evaluate(expr, &self.judged()) {
                Ok(value) => Some(Data::from(value)),
                Err(EvalError::Unavailable(_)) => None,
                Err(EvalError::Overflow | EvalError::Malformed(_)) => Some(Data::NULL),
            },
            FieldType::Lookup(lookup) => {
                let id = self.shape.value_slot(name).and_then(|slot| self.record.id_in(slot));
                Some(id.map_or(Data::NULL, |id| self.related(name, &lookup.to, id)))
            }
            FieldType::Polymorphic { .. } => {
                let id = self.shape.value_slot(name).and_then(|slot| self.record.id_in(slot));
                let object = self.shape.slot(name, &Role::Object).map(|slot| self.record.get(slot));
                match (id, object) {
                    (Some(id), Some(Value::Text(object))) => {
                        Name::new(object).ok().map(|object| self.related(name, &object, id))
                    }
                    _ => Some(Data::NULL),
                }
            }
            _ if !ty.parts().is_empty() => Some(self.parts(name, ty)),
            _ => self.shape.value_slot(name).map(|slot| Data::from(self.record.get(slot).clone())),
        }
    }

    fn parts(&self, name: &str, ty: &FieldType) -> Data {
        let part = |part: &str| {
            self.shape.part_slot(name, part).map_or(Value::Null, |slot| self.record.get(slot).clone())
        };
        let values: IndexMap<String, Data> =
            ty.parts().iter().map(|(name, _, _)| ((*name).to_owned(), Data::from(part(name)))).collect();
        if values.values().all(Data::is_null) { Data::NULL } else { Data::Map(values) }
    }
}

impl View for OnItsWay {
    fn kind(&self) -> &str {
        &self.shape.object.name
    }

    fn id(&self) -> Option<String> {
        self.record.id_in(self.shape.system.id).map(|id| id.to_string())
    }

    fn get(&self, name: &str) -> Result<Data, ViewError> {
        let field = self.shape.object.field(name).filter(|_| self.sees(name)).ok_or(ViewError::Unknown)?;
        if let Some(known) = self.sight.fetched.get(name) {
            return Ok(known.clone());
        }
        if let FieldType::Many(many) = &field.ty {
            let why = format!(
                "`{name}` is a list of records: use `find(\"{0}\", …)` or `count(\"{0}\", …)`",
                many.to
            );
            return Err(ViewError::Refused(why));
        }
        self.value(name, &field.ty).ok_or_else(|| ViewError::Unavailable(name.to_owned()))
    }

    fn names(&self) -> Vec<String> {
        self.shape.object.fields.keys().filter(|name| self.sees(name)).map(ToString::to_string).collect()
    }

    fn assignable(&self, name: &str) -> Result<(), ViewError> {
        let field = self.shape.object.field(name).filter(|_| self.sees(name)).ok_or(ViewError::Unknown)?;
        if !field.writable() {
            return Err(ViewError::Refused(format!("`{name}` is kept by the platform")));
        }
        if self.sight.access.may_write(&self.shape.object.name, name) {
            Ok(())
        } else {
            Err(ViewError::Refused(format!("you may not write `{name}`")))
        }
    }
}

/// A record of a handler: what is not at hand, it asks for.
struct Lively {
    view: Arc<dyn View>,
    port: Port,
}

impl View for Lively {
    fn kind(&self) -> &str {
        self.view.kind()
    }

    fn id(&self) -> Option<String> {
        self.view.id()
    }

    fn get(&self, name: &str) -> Result<Data, ViewError> {
        match self.view.get(name) {
            Err(ViewError::Unavailable(_)) => {
                let id = self.view.id().ok_or(ViewError::Unknown)?;
                fetch(&self.port, self.view.kind(), id, name)
            }
            Ok(Data::Record(related)) => Ok(Data::Record(revived(related, &self.port))),
            other => other,
        }
    }

    fn names(&self) -> Vec<String> {
        self.view.names()
    }

    fn assignable(&self, name: &str) -> Result<(), ViewError> {
        self.view.assignable(name)
    }
}

fn revived(related: Arc<dyn View>, port: &Port) -> Arc<dyn View> {
    let id = related.id().and_then(|id| Uuid::try_parse(&id).ok());
    match (id, Name::new(related.kind())) {
        (Some(id), Ok(object)) => pointed(&object, id, port),
        _ => related,
    }
}

fn fetch(port: &Port, object: &str, id: String, name: &str) -> Result<Data, ViewError> {
    let call = HostCall::Get { object: object.to_owned(), id };
    match port.call(call, Place::default()) {
        Ok(Data::Record(record)) => match record.get(name) {
            Err(ViewError::Unavailable(_)) => Err(ViewError::Unknown),
            other => other,
        },
        Ok(_) => Ok(Data::NULL),
        Err(HostError::Refused(why)) => Err(ViewError::Refused(why)),
        Err(HostError::Ended) => Err(ViewError::Ended),
    }
}

impl View for Pointed {
    fn kind(&self) -> &str {
        &self.object
    }

    fn id(&self) -> Option<String> {
        Some(self.id.to_string())
    }

    fn get(&self, name: &str) -> Result<Data, ViewError> {
        if name == "id" {
            return Ok(Data::text(self.id.to_string()));
        }
        if let Some(port) = &self.port {
            return fetch(port, &self.object, self.id.to_string(), name);
        }
        let path = format!("{}.{name}", self.path);
        self.fetched.get(&path).cloned().ok_or(ViewError::Unavailable(path))
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}
