//! The kinds of document: the type of each, and the schema that its shape is held against.

use std::sync::LazyLock;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::canonical::Kind;
use crate::document::{
    AutomationDocument, ChoicesDocument, ExtensionDocument, LifecycleDocument, LifecycleExtensionDocument,
    ObjectDocument, PackageDocument, PackageTest, PluginDocument, RoleDocument, TranslationDocument,
    lifecycle_schema, schema_of,
};

/// A document of any kind.
#[derive(Debug)]
pub enum Typed {
    Package(Box<PackageDocument>),
    Object(Box<ObjectDocument>),
    Extension(Box<ExtensionDocument>),
    Choices(Box<ChoicesDocument>),
    Role(Box<RoleDocument>),
    Translation(Box<TranslationDocument>),
    Lifecycle(Box<LifecycleDocument>),
    LifecycleExtension(Box<LifecycleExtensionDocument>),
    Automation(Box<AutomationDocument>),
    Test(Box<PackageTest>),
    Plugin(Box<PluginDocument>),
}

/// The document, once its shape is right.
pub fn typed(kind: Kind, sound: &Value) -> Result<Typed, serde_json::Error> {
    fn read<T: DeserializeOwned>(sound: &Value) -> Result<Box<T>, serde_json::Error> {
        T::deserialize(sound).map(Box::new)
    }
    Ok(match kind {
        Kind::Package => Typed::Package(read(sound)?),
        Kind::Object => Typed::Object(read(sound)?),
        Kind::Extension => Typed::Extension(read(sound)?),
        Kind::Choices => Typed::Choices(read(sound)?),
        Kind::Role => Typed::Role(read(sound)?),
        Kind::Translation => Typed::Translation(read(sound)?),
        Kind::Lifecycle => Typed::Lifecycle(read(sound)?),
        Kind::LifecycleExtension => Typed::LifecycleExtension(read(sound)?),
        Kind::Automation => Typed::Automation(read(sound)?),
        Kind::Test => Typed::Test(read(sound)?),
        // A script is no document; it never comes here.
        Kind::Plugin | Kind::Script => Typed::Plugin(read(sound)?),
    })
}

/// The schema of a kind.
pub fn schema(kind: Kind) -> &'static Value {
    static PACKAGE: LazyLock<Value> = LazyLock::new(schema_of::<PackageDocument>);
    static OBJECT: LazyLock<Value> = LazyLock::new(schema_of::<ObjectDocument>);
    static EXTENSION: LazyLock<Value> = LazyLock::new(schema_of::<ExtensionDocument>);
    static CHOICES: LazyLock<Value> = LazyLock::new(schema_of::<ChoicesDocument>);
    static ROLE: LazyLock<Value> = LazyLock::new(schema_of::<RoleDocument>);
    static TRANSLATION: LazyLock<Value> = LazyLock::new(schema_of::<TranslationDocument>);
    static LIFECYCLE: LazyLock<Value> = LazyLock::new(lifecycle_schema);
    static LIFECYCLE_EXTENSION: LazyLock<Value> = LazyLock::new(schema_of::<LifecycleExtensionDocument>);
    static AUTOMATION: LazyLock<Value> = LazyLock::new(schema_of::<AutomationDocument>);
    static TEST: LazyLock<Value> = LazyLock::new(schema_of::<PackageTest>);
    static PLUGIN: LazyLock<Value> = LazyLock::new(schema_of::<PluginDocument>);
    match kind {
        Kind::Package => &PACKAGE,
        Kind::Object => &OBJECT,
        Kind::Extension => &EXTENSION,
        Kind::Choices => &CHOICES,
        Kind::Role => &ROLE,
        Kind::Translation => &TRANSLATION,
        Kind::Lifecycle => &LIFECYCLE,
        Kind::LifecycleExtension => &LIFECYCLE_EXTENSION,
        Kind::Automation => &AUTOMATION,
        Kind::Test => &TEST,
        Kind::Plugin | Kind::Script => &PLUGIN,
    }
}
