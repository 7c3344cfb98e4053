//! From the catalog to the types of the schema. async-graphql holds them to validate, to print and to answer introspection; none of
//! its resolvers for records is ever called.

pub(crate) mod field;
mod filters;
mod inputs;
pub(crate) mod names;
mod outputs;
mod roots;
mod shared;
mod stages;

use async_graphql::dynamic::{
    Enum, EnumItem, Field, FieldFuture, InputObject, InputValue, Object as Output, Schema, Type, TypeRef,
};
use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
use async_graphql::{Response, async_trait};
use indexmap::IndexMap;
use metadata::Catalog;
use metadata::catalog::Object;
use std::sync::Arc;

use crate::surface::BuildError;
use field::{Shape, shape};
use names::ObjectNames;
pub(crate) use outputs::FOLDS;

/// Deepest nesting of fields that async-graphql looks at; ours is stricter and comes first.
const PARSER_DEPTH: usize = 100;

/// Sent with a request that only has to be validated.
pub(crate) struct ValidateOnly;

/// Ends a request after validation, when it was sent for that.
struct StopAfterValidation;

impl ExtensionFactory for StopAfterValidation {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(StopAfterValidation)
    }
}

#[async_trait::async_trait]
impl Extension for StopAfterValidation {
    async fn execute(
        &self,
        context: &ExtensionContext<'_>,
        operation: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        if context.data_opt::<ValidateOnly>().is_some() {
            return Response::default();
        }
        next.run(context, operation).await
    }
}

/// Builds the schema of a catalog.
pub(crate) fn build(catalog: &Catalog) -> Result<Schema, BuildError> {
    let mut builder = Builder { catalog, types: IndexMap::new(), clash: None };
    shared::register(&mut builder);
    for object in builder.objects() {
        outputs::register(&mut builder, object);
        inputs::register(&mut builder, object);
        filters::register(&mut builder, object);
    }
    stages::register(&mut builder);
    outputs::score_parts(&mut builder);
    let mutations = roots::register(&mut builder);
    if let Some(clash) = builder.clash {
        return Err(BuildError(format!("two types are called {clash}")));
    }
    let mut schema = Schema::build("Query", mutations.then_some("Mutation"), None)
        .disable_suggestions()
        .limit_recursive_depth(PARSER_DEPTH)
        .extension(StopAfterValidation);
    for (_, ty) in builder.types {
        schema = schema.register(ty);
    }
    schema.finish().map_err(|error| BuildError(error.to_string()))
}

/// The types made so far.
struct Builder<'c> {
    catalog: &'c Catalog,
    types: IndexMap<String, Type>,
    clash: Option<String>,
}

impl<'c> Builder<'c> {
    /// Objects that are in the API: all but the links that have no document of their own.
    fn objects(&self) -> Vec<&'c Object> {
        self.catalog.objects.values().map(Arc::as_ref).filter(|object| !object.link).collect()
    }

    fn names(&self, object: &str) -> ObjectNames {
        match self.catalog.object(object) {
            Some(object) => ObjectNames::of(&object.name, &object.plural),
            None => ObjectNames {
                base: names::pascal(object),
                plural: names::pascal(object),
                one: object.to_owned(),
                many: object.to_owned(),
            },
        }
    }

    /// The fields of an object with their shapes, without relations to objects that are not in the API.
    fn fields(&self, object: &'c Object) -> Vec<(&'c metadata::catalog::Field, Shape)> {
        let visible = |name: &metadata::Name| self.catalog.object(name).is_some_and(|object| !object.link);
        object
            .fields
            .values()
            .map(|field| (field.as_ref(), shape(&object.name, field)))
            .filter(|(_, shape)| match shape {
                Shape::One(to) | Shape::Many(to) => visible(to),
                Shape::Value(_) | Shape::Parts(_) | Shape::OneOf(_) => true,
            })
            .collect()
    }

    fn add(&mut self, name: &str, ty: impl Into<Type>) {
        if self.types.insert(name.to_owned(), ty.into()).is_some() {
            self.clash.get_or_insert_with(|| name.to_owned());
        }
    }

    fn has(&self, name: &str) -> bool {
        self.types.contains_key(name)
    }

    fn add_enum<'v>(
        &mut self,
        name: &str,
        description: &str,
        items: impl IntoIterator<Item = (&'v str, &'v str)>,
    ) {
        let mut ty = Enum::new(name).description(description);
        for (value, label) in items {
            let item = EnumItem::new(value);
            ty = ty.item(if label.is_empty() { item } else { item.description(label) });
        }
        self.add(name, ty);
    }
}

/// A type written as in the schema language: `[Account!]!`.
fn type_ref(text: &str) -> TypeRef {
    if let Some(inner) = text.strip_suffix('!') {
        return TypeRef::NonNull(Box::new(type_ref(inner)));
    }
    match text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => TypeRef::List(Box::new(type_ref(inner))),
        None => TypeRef::named(text),
    }
}

/// A field of an output type. It is never resolved.
fn output(name: &str, ty: &str) -> Field {
    Field::new(name, type_ref(ty), |_| FieldFuture::from_value(None))
}

/// A field of an input type, or an argument.
fn input(name: &str, ty: &str) -> InputValue {
    InputValue::new(name, type_ref(ty))
}

/// An output type of these fields.
fn output_type<'f>(name: &str, fields: impl IntoIterator<Item = (&'f str, &'f str)>) -> Output {
    fields.into_iter().fold(Output::new(name), |ty, (name, of)| ty.field(output(name, of)))
}

/// An input type of these fields.
fn input_type<'f>(name: &str, fields: impl IntoIterator<Item = (&'f str, &'f str)>) -> InputObject {
    fields.into_iter().fold(InputObject::new(name), |ty, (name, of)| ty.field(input(name, of)))
}
