//! The form in which documents are kept, hashed and pulled: one document a file, keys as authored, layout of our own.

use crate::source::SourceFile;

/// One document as it is kept with a catalog version.
#[derive(Clone, Debug, PartialEq)]
pub struct CanonicalDocument {
    /// Its package; `plugins` for plugins, which packages share.
    pub package: String,
    /// What it is.
    pub kind: Kind,
    /// Its stable name: of the object, list or role, `package/object` for an extension, the language tag of translations.
    pub name: String,
    /// Where `pull` writes it: `core/objects/lead.json`.
    pub path: String,
    /// What it says, without `$schema`; of a script its text.
    pub json: serde_json::Value,
}

/// Kinds of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `package.json`
    Package,
    /// A choice list.
    Choices,
    /// An object.
    Object,
    /// Additions to an object, of the same or another package.
    Extension,
    /// A role.
    Role,
    /// Titles in one language.
    Translation,
    /// A lifecycle.
    Lifecycle,
    /// Additions to a lifecycle, of the same or another package.
    LifecycleExtension,
    /// An automation.
    Automation,
    /// Script functions.
    Script,
    /// Cases that `armature test` tries.
    Test,
    /// What a plugin is called and how it is set.
    Plugin,
}

impl CanonicalDocument {
    /// The file that `pull` writes.
    pub fn source(&self) -> SourceFile {
        let text = match (&self.json, self.kind) {
            (serde_json::Value::String(text), Kind::Script) => text.clone(),
            _ => serde_json::to_string_pretty(&self.json).unwrap_or_default() + "\n",
        };
        SourceFile { path: self.path.clone(), text }
    }
}
