//! `__schema` and `__type`: answered by async-graphql. What it is given is one field with fragments expanded and variables filled in,
//! so that documents which also read records need no second way.

use std::collections::HashMap;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, InlineFragment, OperationDefinition, OperationType,
    Selection, SelectionSet, TypeCondition,
};
use async_graphql::{Name, Positioned, Request};
use async_graphql_value::{ConstValue, Value as Literal};

use super::{Collected, Running, location};
use crate::error::Error;

impl<'d> Running<'d> {
    /// The JSON of a root field of introspection.
    pub(crate) fn introspect(&self, field: &Collected<'d>) -> Result<Vec<u8>, Error> {
        let mut items = Vec::new();
        for one in field.fields() {
            let selection = Selection::Field(self.plain_field(one)?);
            items.push(Positioned::new(selection, one.pos));
        }
        let pos = async_graphql::Pos { line: field.location.line, column: field.location.column };
        let operation = OperationDefinition {
            ty: OperationType::Query,
            variable_definitions: Vec::new(),
            directives: Vec::new(),
            selection_set: Positioned::new(SelectionSet { items }, pos),
        };
        let mut request = Request::new("").only_introspection();
        request.set_parsed_query(ExecutableDocument {
            operations: DocumentOperations::Single(Positioned::new(operation, pos)),
            fragments: HashMap::new(),
        });
        let response = futures::executor::block_on(self.schema.execute(request));
        if let Some(error) = response.errors.first() {
            let mut refused = Error::validation(error.message.clone());
            refused.locations = error.locations.iter().map(|place| location(*place)).collect();
            return Err(refused);
        }
        let value = match &response.data {
            ConstValue::Object(members) => members.get(field.key.as_ref()),
            _ => None,
        };
        let json = serde_json::to_vec(value.unwrap_or(&ConstValue::Null));
        json.map_err(|error| Error::new(crate::error::Code::Internal, error.to_string()))
    }

    fn plain_field(&self, field: &'d Positioned<Field>) -> Result<Positioned<Field>, Error> {
        let set = &field.node.selection_set;
        let mut arguments = Vec::new();
        for (name, value) in &field.node.arguments {
            arguments.push((name.clone(), Positioned::new(self.constant(&value.node), value.pos)));
        }
        let plain = Field {
            alias: field.node.alias.clone(),
            name: field.node.name.clone(),
            arguments,
            directives: Vec::new(),
            selection_set: Positioned::new(self.plain_set(&set.node)?, set.pos),
        };
        Ok(Positioned::new(plain, field.pos))
    }

    fn plain_set(&self, set: &'d SelectionSet) -> Result<SelectionSet, Error> {
        let mut items = Vec::new();
        for item in &set.items {
            if !self.included(item.node.directives())? {
                continue;
            }
            let plain = match &item.node {
                Selection::Field(field) => Selection::Field(self.plain_field(field)?),
                Selection::InlineFragment(fragment) => {
                    let set = &fragment.node.selection_set;
                    self.inline(fragment.node.type_condition.clone(), set, item.pos)?
                }
                Selection::FragmentSpread(spread) => {
                    let Some(fragment) = self.document.fragments.get(&spread.node.fragment_name.node) else {
                        continue;
                    };
                    let condition = Some(fragment.node.type_condition.clone());
                    self.inline(condition, &fragment.node.selection_set, item.pos)?
                }
            };
            items.push(Positioned::new(plain, item.pos));
        }
        Ok(SelectionSet { items })
    }

    fn inline(
        &self,
        type_condition: Option<Positioned<TypeCondition>>,
        set: &'d Positioned<SelectionSet>,
        pos: async_graphql::Pos,
    ) -> Result<Selection, Error> {
        let selection_set = Positioned::new(self.plain_set(&set.node)?, set.pos);
        let fragment = InlineFragment { type_condition, directives: Vec::new(), selection_set };
        Ok(Selection::InlineFragment(Positioned::new(fragment, pos)))
    }

    fn constant(&self, value: &Literal) -> Literal {
        let given = |name: Name| {
            let value = self.variables.get(name.as_str()).cloned().unwrap_or_default();
            ConstValue::from_json(value).map_err(|_| ())
        };
        value.clone().into_const_with(given).map_or(Literal::Null, ConstValue::into_value)
    }
}
