//! Field collection: fragments are expanded, `@skip` and `@include` decided, and fields of one response key merged.

use std::sync::Arc;

use async_graphql::Positioned;
use async_graphql::parser::types::{Directive, Field, Selection, SelectionSet};
use async_graphql::registry::MetaType;
use async_graphql_value::Value as Literal;
use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use super::input::{Coercion, Path, Source};
use super::{Running, location};
use crate::error::{Error, Location};

/// A field of a response: one key, and all fields of the document that stand under it.
pub(crate) struct Collected<'d> {
    /// Alias or name.
    pub(crate) key: Arc<str>,
    /// Name.
    pub(crate) name: &'d str,
    /// Where the first of them stands.
    pub(crate) location: Location,
    fields: Vec<&'d Positioned<Field>>,
}

impl<'d> Collected<'d> {
    /// The selection sets of all of them.
    pub(crate) fn sets(&self) -> impl Iterator<Item = &'d SelectionSet> {
        self.fields.iter().map(|field| &field.node.selection_set.node)
    }

    /// All of them.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &'d Positioned<Field>> {
        self.fields.iter().copied()
    }

    /// Where an argument stands; the field's place when it is not given.
    pub(crate) fn argument_location(&self, argument: &str) -> Location {
        self.first().get_argument(argument).map_or(self.location, |value| location(value.pos))
    }

    fn first(&self) -> &'d Field {
        // A key is only made together with its first field.
        &self.fields[0].node
    }
}

type Fields<'d> = IndexMap<&'d str, Vec<&'d Positioned<Field>>>;

impl<'d> Running<'d> {
    /// The fields of these selection sets on that type, in the order of the response.
    pub(crate) fn collect(
        &self,
        ty: &str,
        sets: impl IntoIterator<Item = &'d SelectionSet>,
    ) -> Result<Vec<Collected<'d>>, Error> {
        let mut fields = Fields::new();
        for set in sets {
            self.gather(ty, set, &mut fields)?;
        }
        fields
            .into_iter()
            .map(|(key, fields)| {
                let first = fields[0];
                if let Some(other) = fields.iter().find(|other| !same(&other.node, &first.node)) {
                    return Err(Error::validation(format!(
                        "The fields under {key} differ in name or arguments; give them different aliases"
                    ))
                    .at(location(first.pos))
                    .at(location(other.pos)));
                }
                Ok(Collected {
                    key: key.into(),
                    name: first.node.name.node.as_str(),
                    location: location(first.pos),
                    fields,
                })
            })
            .collect()
    }

    fn gather(&self, ty: &str, set: &'d SelectionSet, fields: &mut Fields<'d>) -> Result<(), Error> {
        for item in &set.items {
            if !self.included(item.node.directives())? {
                continue;
            }
            match &item.node {
                Selection::Field(field) => {
                    fields.entry(field.node.response_key().node.as_str()).or_default().push(field);
                }
                Selection::InlineFragment(fragment) => {
                    let condition = fragment.node.type_condition.as_ref();
                    if condition.is_none_or(|condition| self.applies(&condition.node.on.node, ty)) {
                        self.gather(ty, &fragment.node.selection_set.node, fields)?;
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name;
                    let Some(fragment) = self.document.fragments.get(&name.node) else {
                        return Err(Error::validation(format!("There is no fragment {}", name.node))
                            .at(location(name.pos)));
                    };
                    if self.applies(&fragment.node.type_condition.node.on.node, ty) {
                        self.gather(ty, &fragment.node.selection_set.node, fields)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn applies(&self, condition: &str, ty: &str) -> bool {
        condition == ty
            || match self.registry.types.get(condition) {
                Some(MetaType::Union { possible_types, .. }) => possible_types.contains(ty),
                _ => false,
            }
    }

    /// Whether the directives let it stand.
    pub(crate) fn included(&self, directives: &'d [Positioned<Directive>]) -> Result<bool, Error> {
        for directive in directives {
            let wanted = match directive.node.name.node.as_str() {
                "include" => true,
                "skip" => false,
                _ => continue,
            };
            let value = match directive.node.get_argument("if").map(|value| &value.node) {
                Some(Literal::Boolean(truth)) => Some(*truth),
                Some(Literal::Variable(name)) => self.variables.get(name.as_str()).and_then(Json::as_bool),
                _ => None,
            };
            match value {
                Some(value) if value == wanted => {}
                Some(_) => return Ok(false),
                None => {
                    return Err(Error::validation(format!(
                        "@{} needs if: true or false",
                        directive.node.name.node
                    ))
                    .at(location(directive.pos)));
                }
            }
        }
        Ok(true)
    }

    /// The arguments of a field as JSON of their types, defaults filled in; absent ones are absent.
    pub(crate) fn arguments(&self, ty: &str, field: &Collected<'d>) -> Result<Map<String, Json>, Error> {
        let known = self.registry.types.get(ty).and_then(|ty| ty.field_by_name(field.name));
        let Some(known) = known else {
            return Err(Error::validation(format!("{ty} has no field {}", field.name)).at(field.location));
        };
        let coercion = Coercion { registry: self.registry, variables: &self.variables };
        let mut arguments = Map::new();
        for argument in known.args.values() {
            let given = field.first().get_argument(&argument.name);
            let value = match given {
                Some(given) => coercion
                    .coerce(&argument.ty, Source::Literal(&given.node), &Path::Root)
                    .map_err(|problem| {
                        Error::validation(format!("{}{}: {}", argument.name, problem.path, problem.message))
                            .at(location(given.pos))
                            .with("argument", format!("{}{}", argument.name, problem.path))
                            .explained(problem.expected, problem.hint)
                    })?,
                None => None,
            };
            let default =
                || argument.default_value.as_deref().and_then(|text| serde_json::from_str(text).ok());
            match value.or_else(default) {
                Some(value) => {
                    arguments.insert(argument.name.clone(), value);
                }
                None if argument.ty.ends_with('!') => {
                    return Err(Error::validation(format!(
                        "{} needs the argument {}",
                        field.name, argument.name
                    ))
                    .at(field.location)
                    .explained(Some(argument.ty.clone()), None));
                }
                None => {}
            }
        }
        Ok(arguments)
    }
}

fn same(one: &Field, other: &Field) -> bool {
    one.name.node == other.name.node
        && one.arguments.len() == other.arguments.len()
        && one
            .arguments
            .iter()
            .all(|(name, value)| other.get_argument(&name.node).is_some_and(|other| other.node == value.node))
}
