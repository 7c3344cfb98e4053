//! A property of an object: keywords of JSON Schema, and `x-` keywords. Which of them a field may have depends on its type; the registry
//! in [`crate::field`] knows.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Number, Value};

/// A field. Its type is given by `x-type`, or by plain JSON Schema: `type` with `format`, `enum` or `items`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Field")]
pub struct FieldDocument {
    /// A note to other authors.
    #[serde(rename = "$comment")]
    pub comment: Option<String>,
    /// Plain type.
    #[serde(rename = "type")]
    pub ty: Option<JsonType>,
    /// Field type.
    #[serde(rename = "x-type")]
    pub x_type: Option<TypeName>,
    /// For people; made from the name when absent.
    pub title: Option<String>,
    /// Titles in other languages, by tag.
    #[serde(rename = "x-titles", default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub titles: IndexMap<String, String>,
    /// For people and for the generated API.
    pub description: Option<String>,
    /// The former name, when this field was renamed.
    #[serde(rename = "x-renamedFrom")]
    pub renamed_from: Option<String>,
    /// Left out of `*` in role grants.
    #[serde(rename = "x-sensitive", default)]
    pub sensitive: bool,
    /// No two living records have the same value.
    #[serde(rename = "x-unique", default)]
    pub unique: bool,
    /// The value of a new record that has none given.
    pub default: Option<Value>,
    /// The same, computed by an expression: `today()`, `user`.
    #[serde(rename = "x-default")]
    pub x_default: Option<String>,

    /// A richer type of text: `date`, `date-time`, `time`, `email`, `uri`, `duration`.
    pub format: Option<String>,
    /// Fewest characters.
    pub min_length: Option<u32>,
    /// Most characters.
    pub max_length: Option<u32>,
    /// Regular expression (linear time, unanchored) that the text matches.
    pub pattern: Option<String>,
    /// Least value.
    pub minimum: Option<Number>,
    /// Greatest value.
    pub maximum: Option<Number>,
    /// The value is greater.
    pub exclusive_minimum: Option<Number>,
    /// The value is less.
    pub exclusive_maximum: Option<Number>,
    /// The value is a multiple.
    pub multiple_of: Option<Number>,
    /// Values to choose from.
    #[serde(rename = "enum")]
    pub values: Option<Vec<String>>,
    /// What a list holds.
    pub items: Option<ItemsDocument>,
    /// Lists hold each value once in any case; may be written for other readers of the schema.
    pub unique_items: Option<bool>,
    /// Labels of the values in `enum`.
    #[serde(rename = "x-labels", default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub labels: IndexMap<String, String>,
    /// Values in `enum` that were renamed: new value, former value.
    #[serde(rename = "x-renamedValues", default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub renamed_values: IndexMap<String, String>,
    /// A shared choice list.
    #[serde(rename = "x-choices")]
    pub choices: Option<String>,

    /// Digits in all, at most 18.
    #[serde(rename = "x-precision")]
    pub precision: Option<u8>,
    /// Digits behind the point, at most 6.
    #[serde(rename = "x-scale")]
    pub scale: Option<u8>,
    /// ISO 4217 code of the currency that is taken where none is given.
    #[serde(rename = "x-currency")]
    pub currency: Option<String>,
    /// Literal text with `{YYYY}`, `{MM}`, `{DD}` and one run of zeros in braces, `O-{YYYY}-{00000}`.
    #[serde(rename = "x-pattern")]
    pub number_pattern: Option<String>,

    /// The object that a relation points at, or the objects.
    #[serde(rename = "x-to")]
    pub to: Option<OneOrMany>,
    /// Name of the far end.
    #[serde(rename = "x-inverse")]
    pub inverse: Option<String>,
    /// What happens to this record when the other one is deleted.
    #[serde(rename = "x-onDelete")]
    pub on_delete: Option<OnDeleteName>,
    /// An object with a lookup to each side, that holds the links.
    #[serde(rename = "x-through")]
    pub through: Option<String>,
    /// The link object to be made: its name and fields.
    #[serde(rename = "x-link")]
    pub link: Option<LinkDocument>,

    /// Type of what is computed.
    #[serde(rename = "x-returns")]
    pub returns: Option<ReturnsName>,
    /// An expression over the record.
    #[serde(rename = "x-formula")]
    pub formula: Option<String>,
    /// Kept in a column, computed anew on each write; for formulas over own fields.
    #[serde(rename = "x-stored", default)]
    pub stored: bool,
    /// The to-many relation that is folded.
    #[serde(rename = "x-of")]
    pub of: Option<String>,
    /// How.
    #[serde(rename = "x-aggregate")]
    pub aggregate: Option<AggregateName>,
    /// Which field of the related records.
    #[serde(rename = "x-field")]
    pub field: Option<String>,
    /// Which related records.
    #[serde(rename = "x-filter")]
    #[schemars(with = "Option<BTreeMap<String, Value>>")]
    pub filter: Option<Value>,
    /// Whether it is computed over all records, or those that the reader may see.
    #[serde(rename = "x-scope")]
    pub scope: Option<ScopeName>,
    /// Weighted conditions of a score.
    #[serde(rename = "x-points")]
    pub points: Option<Vec<PointsDocument>>,
}

/// Points that a score has when a condition holds.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Points")]
pub struct PointsDocument {
    /// What it is for, for people.
    pub title: Option<String>,
    /// An expression; always when absent.
    pub when: Option<String>,
    /// How many: a number, or an expression over the record.
    pub points: WeightDocument,
}

/// A number of points.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Weight")]
pub enum WeightDocument {
    /// A number.
    Number(Number),
    /// An expression.
    Expression(String),
}

impl WeightDocument {
    /// As an expression.
    pub fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Expression(text) => text.clone(),
        }
    }
}

/// Plain types of JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are those of JSON Schema")]
pub enum JsonType {
    String,
    Integer,
    Number,
    Boolean,
    Array,
    Object,
}

/// Names of field types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each is documented in its file under src/field")]
pub enum TypeName {
    Text,
    LongText,
    RichText,
    Email,
    Phone,
    Url,
    Color,
    Select,
    MultiSelect,
    Tags,
    Bool,
    Int,
    #[serde(rename = "bigint")]
    BigInt,
    Float,
    Decimal,
    Percent,
    Rating,
    Money,
    AutoNumber,
    Date,
    Time,
    DateTime,
    Duration,
    PersonName,
    Address,
    GeoPoint,
    Json,
    Lookup,
    MasterDetail,
    ManyToMany,
    Polymorphic,
    Formula,
    Rollup,
    File,
    Score,
}

/// One name or several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

/// What a list holds.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Items")]
pub struct ItemsDocument {
    /// Always `string`.
    #[serde(rename = "type")]
    pub ty: Option<JsonType>,
    /// Values to choose from.
    #[serde(rename = "enum")]
    pub values: Option<Vec<String>>,
    /// Fewest characters of each.
    pub min_length: Option<u32>,
    /// Most characters of each.
    pub max_length: Option<u32>,
    /// Regular expression that each matches.
    pub pattern: Option<String>,
    /// A shared choice list.
    #[serde(rename = "x-choices")]
    pub choices: Option<String>,
}

/// The link object of a many-to-many relation.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(rename = "Link")]
pub struct LinkDocument {
    /// Its name; made from the object and the field when absent.
    pub name: Option<String>,
    /// Name of many of them.
    pub plural: Option<String>,
    /// For people.
    pub title: Option<String>,
    /// Fields that a link must have.
    #[serde(default)]
    pub required: Vec<String>,
    /// Fields of the link.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, FieldDocument>")]
    pub properties: IndexMap<String, FieldDocument>,
}

/// What the deletion of the related record does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnDeleteName {
    /// It is refused.
    Restrict,
    /// The field becomes null.
    Clear,
    /// This record is deleted with it.
    Cascade,
}

/// What formulas yield.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are those of the field types")]
pub enum ReturnsName {
    Text,
    Bool,
    Int,
    Decimal,
    Float,
    Date,
    DateTime,
}

/// Ways to fold many values into one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are those of SQL")]
pub enum AggregateName {
    Count,
    Sum,
    Min,
    Max,
    Avg,
}

/// Over which records something is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ScopeName {
    /// Those that the reader may see.
    Reader,
    /// All of them.
    System,
}
