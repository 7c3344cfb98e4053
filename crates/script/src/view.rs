//! How a script sees a record, the acting user or settings: field by field, when it asks.

use indexmap::IndexMap;

use expr::Value;

use crate::data::Data;

/// Named values that are read one at a time. Implemented by the engine over records, so that a guard over a wide record costs what it reads.
pub trait View: Send + Sync {
    /// What it is, for messages and writes: the object's name, `user`, `settings`.
    fn kind(&self) -> &str;
    /// The id of the record, as text; nothing where it is no record.
    fn id(&self) -> Option<String>;
    /// The value of a field; a to-one relation is a [`Data::Record`], or null.
    fn get(&self, name: &str) -> Result<Data, ViewError>;
    /// All names, for hints.
    fn names(&self) -> Vec<String>;
    /// Whether a script may assign the field; says why not.
    fn assignable(&self, name: &str) -> Result<(), ViewError> {
        Err(ViewError::Refused(format!("`{name}` of this {} cannot be assigned here", self.kind())))
    }
}

/// Why a field has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ViewError {
    /// There is none of that name.
    Unknown,
    /// It is not at hand and has to be fetched: the path from the record (`account.tier`). Ends a judgement with
    /// [`crate::ErrorKind::Unavailable`]; whoever fetches it can judge again.
    Unavailable(String),
    /// It cannot be read or assigned, for this reason.
    Refused(String),
    /// The run is over: the host knows why.
    Ended,
}

/// Values that are all at hand: settings, events, tests.
#[derive(Clone, Debug, Default)]
pub struct Fixed {
    /// What it is.
    pub kind: String,
    /// The id, where it is a record.
    pub id: Option<String>,
    /// The values by name.
    pub values: IndexMap<String, Data>,
    /// Whether a script may assign them.
    pub assignable: bool,
}

impl Fixed {
    /// Settings of a package or plugin.
    pub fn settings(values: impl IntoIterator<Item = (String, Value)>) -> Self {
        let values = values.into_iter().map(|(name, value)| (name, Data::from(value))).collect();
        Self { kind: "settings".to_owned(), id: None, values, assignable: false }
    }
}

impl View for Fixed {
    fn kind(&self) -> &str {
        &self.kind
    }

    fn id(&self) -> Option<String> {
        self.id.clone()
    }

    fn get(&self, name: &str) -> Result<Data, ViewError> {
        self.values.get(name).cloned().ok_or(ViewError::Unknown)
    }

    fn names(&self) -> Vec<String> {
        self.values.keys().cloned().collect()
    }

    fn assignable(&self, name: &str) -> Result<(), ViewError> {
        match (self.assignable, self.values.contains_key(name)) {
            (true, true) => Ok(()),
            (true, false) => Err(ViewError::Unknown),
            (false, _) => Err(ViewError::Refused(format!("`{name}` of {} cannot be assigned", self.kind))),
        }
    }
}
