//! The catalog as it is read.

use std::sync::Arc;

use async_graphql::{ID, Json, Object, SimpleObject};
use indexmap::IndexMap;
use metadata::catalog::{self, FieldType, Via};
use metadata::{Catalog as Published, Name};

/// The published metadata of the tenant.
pub(crate) struct Catalog(pub(crate) Arc<Published>);

#[Object]
impl Catalog {
    /// Number of the published version.
    async fn version(&self) -> i64 {
        self.0.version
    }

    /// Over documents and layout.
    async fn hash(&self) -> &str {
        &self.0.hash
    }

    /// Packages in the order of their dependencies.
    async fn packages(&self) -> Vec<Package> {
        let package = |(name, package): (&String, &catalog::Package)| Package {
            name: name.clone(),
            version: package.version.clone(),
            title: package.title.clone(),
        };
        self.0.packages.iter().map(package).collect()
    }

    /// All objects.
    async fn objects(&self) -> Vec<ObjectType> {
        self.0.objects.values().map(|object| ObjectType(Arc::clone(object))).collect()
    }

    /// One object by name.
    async fn object(&self, name: String) -> Option<ObjectType> {
        self.0.object(&name).map(|object| ObjectType(Arc::clone(object)))
    }

    /// Choice lists that several fields share.
    async fn choices(&self) -> Vec<ChoiceList> {
        self.0.choices.values().map(|list| ChoiceList::from(list.as_ref())).collect()
    }
}

/// A package.
#[derive(SimpleObject)]
struct Package {
    /// Its name.
    name: String,
    /// SemVer.
    version: String,
    /// For people.
    title: String,
}

/// A list of values to choose from.
#[derive(SimpleObject)]
struct ChoiceList {
    /// Its name; `object.field` for a list written in place.
    name: String,
    /// For people.
    title: String,
    /// In the order in which they are shown.
    values: Vec<Choice>,
}

/// One value of a choice list.
#[derive(SimpleObject)]
struct Choice {
    /// As stored and as in the API.
    value: String,
    /// For people.
    label: String,
    /// Labels in other languages, by tag.
    labels: Json<IndexMap<String, String>>,
}

impl From<&catalog::Choices> for ChoiceList {
    fn from(list: &catalog::Choices) -> Self {
        let choice = |choice: &catalog::Choice| Choice {
            value: choice.value.to_string(),
            label: choice.label.clone(),
            labels: Json(choice.labels.clone()),
        };
        ChoiceList {
            name: list.name.clone(),
            title: list.title.clone(),
            values: list.choices.iter().map(choice).collect(),
        }
    }
}

/// A business object type.
struct ObjectType(Arc<catalog::Object>);

fn texts(names: &[Name]) -> Vec<String> {
    names.iter().map(Name::to_string).collect()
}

#[Object(name = "ObjectType")]
impl ObjectType {
    /// Its name, unique in the tenant.
    async fn id(&self) -> ID {
        ID(self.0.name.to_string())
    }

    /// `opportunity`
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// `opportunities`
    async fn plural(&self) -> &str {
        &self.0.plural
    }

    /// For people.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// Titles in other languages, by tag.
    async fn titles(&self) -> Json<IndexMap<String, String>> {
        Json(self.0.titles.clone())
    }

    /// For people.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// The package that defines it.
    async fn package(&self) -> &str {
        &self.0.package
    }

    /// The field that names a record to people.
    async fn display(&self) -> Option<&str> {
        self.0.display.as_deref()
    }

    /// Fields that `search` looks in.
    async fn search(&self) -> Vec<String> {
        texts(&self.0.search)
    }

    /// Whether records have an owner.
    async fn owned(&self) -> bool {
        self.0.owned
    }

    /// Whether changes are kept.
    async fn history(&self) -> bool {
        self.0.history
    }

    /// Whether it is the link of a many-to-many relation without a document of its own.
    async fn link(&self) -> bool {
        self.0.link
    }

    /// Extra indexes, each a list of fields.
    async fn indexes(&self) -> Vec<Vec<String>> {
        self.0.indexes.iter().map(|fields| texts(fields)).collect()
    }

    /// Unique rules.
    async fn uniques(&self) -> Vec<UniqueRule> {
        let rule = |unique: &catalog::Unique| UniqueRule {
            name: unique.name.clone(),
            fields: texts(&unique.fields),
            partial: unique.condition.is_some(),
        };
        self.0.uniques.iter().map(rule).collect()
    }

    /// Validation rules.
    async fn rules(&self) -> Vec<RecordRule> {
        let rule = |rule: &catalog::Rule| RecordRule {
            name: rule.name.to_string(),
            message: rule.message.clone(),
            path: rule.path.as_ref().map(Name::to_string),
        };
        self.0.rules.iter().map(rule).collect()
    }

    /// System fields first, then authored ones, then the far ends of relations.
    async fn fields(&self) -> Vec<FieldInfo> {
        self.0
            .fields
            .values()
            .map(|field| FieldInfo(Arc::clone(field), self.0.identifies(&field.name)))
            .collect()
    }

    /// One field by name.
    async fn field(&self, name: String) -> Option<FieldInfo> {
        self.0.field(&name).map(|field| FieldInfo(Arc::clone(field), self.0.identifies(&field.name)))
    }
}

/// No two living records may agree in all these fields.
#[derive(SimpleObject)]
struct UniqueRule {
    /// Stable name.
    name: String,
    /// The fields.
    fields: Vec<String>,
    /// Whether it holds for some records only.
    partial: bool,
}

/// A condition that every written record must meet.
#[derive(SimpleObject)]
struct RecordRule {
    /// Stable name, sent as `rule` of the refusal.
    name: String,
    /// What the person is told.
    message: String,
    /// The field it is shown at.
    path: Option<String>,
}

/// A property of an object, and whether it identifies a record.
struct FieldInfo(Arc<catalog::Field>, bool);

#[Object(name = "FieldInfo")]
impl FieldInfo {
    /// `closeDate`
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// `text`, `select`, `lookup` …
    async fn r#type(&self) -> &'static str {
        type_name(&self.0.ty)
    }

    /// For people.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// Titles in other languages, by tag.
    async fn titles(&self) -> Json<IndexMap<String, String>> {
        Json(self.0.titles.clone())
    }

    /// For people.
    async fn description(&self) -> Option<&str> {
        self.0.description.as_deref()
    }

    /// Whether a record may be written without it.
    async fn required(&self) -> bool {
        self.0.required
    }

    /// Whether its value alone names a record.
    async fn unique(&self) -> bool {
        self.1
    }

    /// Whether the platform keeps it.
    async fn system(&self) -> bool {
        self.0.system
    }

    /// Whether clients may write it.
    async fn writable(&self) -> bool {
        self.0.writable()
    }

    /// Whether it is left out of `*` in role grants.
    async fn sensitive(&self) -> bool {
        self.0.sensitive
    }

    /// Its choices, for select and multi-select.
    async fn choices(&self) -> Option<ChoiceList> {
        match &self.0.ty {
            FieldType::Select(list) | FieldType::MultiSelect(list) => Some(ChoiceList::from(list.as_ref())),
            _ => None,
        }
    }

    /// The objects that it points at.
    async fn to(&self) -> Vec<String> {
        match &self.0.ty {
            FieldType::Lookup(lookup) => vec![lookup.to.to_string()],
            FieldType::Polymorphic { to, .. } => texts(to),
            FieldType::Many(many) => vec![many.to.to_string()],
            _ => Vec::new(),
        }
    }

    /// Name of the relation on the far side.
    async fn inverse(&self) -> Option<String> {
        match &self.0.ty {
            FieldType::Lookup(lookup) => lookup.inverse.as_ref().map(Name::to_string),
            FieldType::Polymorphic { inverse, .. } => inverse.as_ref().map(Name::to_string),
            FieldType::Many(many) => match &many.via {
                Via::Field(field) => Some(field.to_string()),
                Via::Link { .. } => None,
            },
            _ => None,
        }
    }
}

/// The name of a field type as documents have it.
fn type_name(ty: &FieldType) -> &'static str {
    match ty {
        FieldType::Id => "id",
        FieldType::Text(_) => "text",
        FieldType::LongText(_) => "longText",
        FieldType::RichText(_) => "richText",
        FieldType::Email(_) => "email",
        FieldType::Phone(_) => "phone",
        FieldType::Url(_) => "url",
        FieldType::Color => "color",
        FieldType::Select(_) => "select",
        FieldType::MultiSelect(_) => "multiSelect",
        FieldType::Tags(_) => "tags",
        FieldType::Bool => "bool",
        FieldType::Int(_) => "int",
        FieldType::BigInt(_) => "bigint",
        FieldType::Float(_) => "float",
        FieldType::Decimal { .. } => "decimal",
        FieldType::Percent(_) => "percent",
        FieldType::Rating { .. } => "rating",
        FieldType::Money { .. } => "money",
        FieldType::Currency { .. } => "currency",
        FieldType::AutoNumber { .. } => "autoNumber",
        FieldType::Date => "date",
        FieldType::Time => "time",
        FieldType::DateTime => "dateTime",
        FieldType::Duration => "duration",
        FieldType::PersonName => "personName",
        FieldType::Address => "address",
        FieldType::GeoPoint => "geoPoint",
        FieldType::Json => "json",
        FieldType::Lookup(lookup) => {
            if lookup.master {
                "masterDetail"
            } else {
                "lookup"
            }
        }
        FieldType::Polymorphic { .. } => "polymorphic",
        FieldType::Many(many) => match many.via {
            Via::Field(_) => "inverse",
            Via::Link { .. } => "manyToMany",
        },
        FieldType::Formula { .. } => "formula",
        FieldType::Rollup { .. } => "rollup",
        FieldType::Score { .. } => "score",
    }
}
