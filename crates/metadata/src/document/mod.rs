//! The documents that authors write, one type a kind. The JSON Schemas for editors are generated from these types, and the check of a
//! document's shape reads the same schemas, so that the two cannot differ.

mod automation;
mod choices;
mod extension;
mod field;
mod lifecycle;
mod object;
mod package;
mod plugin;
mod role;
mod shape;
mod test;
mod translation;

pub use automation::{
    ActName, ActsDocument, AutomationDocument, RunName, TransitionTrigger, TriggerDocument,
};
pub use choices::{ChoiceDocument, ChoicesDocument, LabelledChoice};
pub use extension::ExtensionDocument;
pub use field::{
    AggregateName, FieldDocument, ItemsDocument, JsonType, LinkDocument, OnDeleteName, OneOrMany,
    PointsDocument, ReturnsName, ScopeName, TypeName, WeightDocument,
};
pub use lifecycle::{
    AutoDocument, JourneyName, LifecycleDocument, LifecycleExtensionDocument, SopDocument, StageDocument,
    StageKindName, TimedDocument, TransitionDocument, lifecycle_schema,
};
pub use object::{
    DuplicateDocument, ObjectDocument, ObjectType, PartialUnique, RuleDocument, UniqueDocument,
};
pub use package::{PackageDocument, PluginUse, Plugins, SettingDocument, SettingType};
pub use plugin::PluginDocument;
pub use role::{FieldsDocument, GrantDocument, RightName, RoleDocument, ScopeDocument, ScopeWord};
pub use shape::Shape;
pub use test::{
    PackageTest, TestAct, TestCase, TestExpectation, TestRecord, TestRefusal, TestStep, TestUser,
};
pub use translation::{LifecycleTranslation, ObjectTranslation, TranslationDocument};

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// The JSON Schema of a document type, 2020-12, without `null` as an alternative: what is not there is left out.
pub fn schema_of<T: JsonSchema>() -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value();
    without_null(&mut schema);
    schema
}

/// `Option<T>` is `T` or nothing, never `null`.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(without_null),
        Value::Object(map) => {
            map.values_mut().for_each(without_null);
            if map.get("default").is_some_and(Value::is_null) {
                map.remove("default");
            }
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|ty| ty != "null");
                if let [one] = types.as_slice() {
                    let one = one.clone();
                    map.insert("type".to_owned(), one);
                }
            }
            let alternatives = map.get_mut("anyOf").and_then(Value::as_array_mut);
            if let Some(alternatives) = alternatives {
                alternatives.retain(|one| one.get("type").is_none_or(|ty| ty != "null"));
                if let [one] = alternatives.as_slice()
                    && let Some(one) = one.as_object().cloned()
                {
                    map.remove("anyOf");
                    map.extend(one);
                }
            }
        }
        _ => {}
    }
}
