//! What is selected of a record, of a page and of aggregates.

use std::sync::Arc;

use async_graphql::parser::types::SelectionSet;
use metadata::Name;
use metadata::catalog::Aggregate;
use query::request::{
    AggregateItem, EdgeItem, FoldItem, Keyed, ListPart, PageItem, PartItem, RecordItem, ScorePart, Selection,
};

use super::Lowering;
use super::failure::Failures;
use crate::document::Collected;
use crate::schema::field::{Composite, Shape, explained, shape};

pub(super) type Sets<'d> = Vec<&'d SelectionSet>;

pub(super) fn keyed<T>(field: &Collected<'_>, item: T) -> Keyed<T> {
    Keyed { key: field.key.clone(), item }
}

pub(super) fn sets<'d>(field: &Collected<'d>) -> Sets<'d> {
    field.sets().collect()
}

impl<'d> Lowering<'_, 'd> {
    /// What is selected of a record of that object.
    pub(super) fn record(&mut self, object: &Name, sets: Sets<'d>) -> Result<Selection, Failures> {
        let names = self.surface.names(object);
        let of = self.object(object)?;
        let mut selection = Selection::new();
        for field in self.collect(&names.base, sets)? {
            if field.name == "__typename" {
                selection.push(keyed(&field, RecordItem::TypeName(Arc::from(names.base.as_str()))));
                continue;
            }
            if field.name == "lifecycle" && of.lifecycle_field("stage").is_some() {
                let lifecycle = self.within(&field, |this| this.lifecycle(object, &field))?;
                selection.push(keyed(&field, RecordItem::Lifecycle(Box::new(lifecycle))));
                continue;
            }
            if let Some(score) = explained(of, field.name) {
                let parts = self.score_parts(&field)?;
                selection.push(keyed(&field, RecordItem::Score(score.clone(), parts)));
                continue;
            }
            let Some(known) = of.field(field.name) else { return Err(self.unknown(&names.base, &field)) };
            let name = known.name.clone();
            let item = self.within(&field, |this| {
                Ok(match shape(object, known) {
                    Shape::Value(_) => RecordItem::Value(name),
                    Shape::Parts(composite) => RecordItem::Parts(name, this.parts(composite, &field)?),
                    Shape::One(to) => RecordItem::One(name, this.record(&to, self::sets(&field))?),
                    Shape::OneOf(to) => {
                        let mut members = Vec::with_capacity(to.len());
                        for member in to {
                            let selection = this.record(&member, self::sets(&field))?;
                            members.push((member, selection));
                        }
                        RecordItem::OneOf(name, members)
                    }
                    Shape::Many(to) => RecordItem::Many(name, Box::new(this.list(&to, &names.base, &field)?)),
                })
            })?;
            selection.push(keyed(&field, item));
        }
        Ok(selection)
    }

    fn score_parts(&self, field: &Collected<'d>) -> Result<Vec<Keyed<ScorePart>>, Failures> {
        self.plain("ScorePart", field, |part| {
            Ok(Some(match part.name {
                "__typename" => ScorePart::TypeName(Arc::from("ScorePart")),
                "title" => ScorePart::Title,
                "when" => ScorePart::When,
                "points" => ScorePart::Points,
                "holds" => ScorePart::Holds,
                _ => return Ok(None),
            }))
        })
    }

    fn parts(&self, composite: Composite, field: &Collected<'d>) -> Result<Vec<Keyed<PartItem>>, Failures> {
        let ty = composite.type_name();
        let collected = self.collect(ty, field.sets())?;
        Ok(collected
            .iter()
            .map(|part| {
                let item = match part.name {
                    "__typename" => PartItem::TypeName(Arc::from(ty)),
                    name => PartItem::Part(Arc::from(name)),
                };
                keyed(part, item)
            })
            .collect())
    }

    /// What is selected of a page of that object.
    pub(super) fn page_parts(
        &mut self,
        object: &Name,
        field: &Collected<'d>,
    ) -> Result<Vec<Keyed<ListPart>>, Failures> {
        let names = self.surface.names(object);
        let ty = names.with("Connection");
        let mut parts = Vec::new();
        for part in self.collect(&ty, field.sets())? {
            let item = self.within(&part, |this| {
                Ok(match part.name {
                    "__typename" => ListPart::TypeName(Arc::from(ty.as_str())),
                    "edges" => ListPart::Edges(this.edges(object, &part)?),
                    "nodes" => ListPart::Nodes(this.record(object, sets(&part))?),
                    "pageInfo" => ListPart::PageInfo(this.page_info(&part)?),
                    "totalCount" => ListPart::TotalCount,
                    "aggregate" => ListPart::Aggregate(this.aggregate(object, &part)?),
                    _ => return Err(this.unknown(&ty, &part)),
                })
            })?;
            parts.push(keyed(&part, item));
        }
        Ok(parts)
    }

    fn edges(&mut self, object: &Name, field: &Collected<'d>) -> Result<Vec<Keyed<EdgeItem>>, Failures> {
        let ty = self.surface.names(object).with("Edge");
        let mut items = Vec::new();
        for part in self.collect(&ty, field.sets())? {
            let item = self.within(&part, |this| {
                Ok(match part.name {
                    "__typename" => EdgeItem::TypeName(Arc::from(ty.as_str())),
                    "cursor" => EdgeItem::Cursor,
                    "node" => EdgeItem::Node(this.record(object, sets(&part))?),
                    _ => return Err(this.unknown(&ty, &part)),
                })
            })?;
            items.push(keyed(&part, item));
        }
        Ok(items)
    }

    fn page_info(&self, field: &Collected<'d>) -> Result<Vec<Keyed<PageItem>>, Failures> {
        let mut items = Vec::new();
        for part in self.collect("PageInfo", field.sets())? {
            let item = match part.name {
                "__typename" => PageItem::TypeName(Arc::from("PageInfo")),
                "hasNextPage" => PageItem::HasNextPage,
                "hasPreviousPage" => PageItem::HasPreviousPage,
                "startCursor" => PageItem::StartCursor,
                "endCursor" => PageItem::EndCursor,
                _ => return Err(self.unknown("PageInfo", &part)),
            };
            items.push(keyed(&part, item));
        }
        Ok(items)
    }

    /// What is selected of an aggregate over records of that object.
    pub(super) fn aggregate(
        &self,
        object: &Name,
        field: &Collected<'d>,
    ) -> Result<Vec<Keyed<AggregateItem>>, Failures> {
        let names = self.surface.names(object);
        let ty = names.with("Aggregate");
        let mut items = Vec::new();
        for part in self.collect(&ty, field.sets())? {
            let item = match part.name {
                "__typename" => AggregateItem::TypeName(Arc::from(ty.as_str())),
                "count" => AggregateItem::Count,
                name => match fold(name) {
                    Some((suffix, aggregate)) => {
                        AggregateItem::Fold(aggregate, self.folded(object, &names.with(suffix), &part)?)
                    }
                    None => return Err(self.unknown(&ty, &part)),
                },
            };
            items.push(keyed(&part, item));
        }
        Ok(items)
    }

    fn folded(
        &self,
        object: &Name,
        ty: &str,
        field: &Collected<'d>,
    ) -> Result<Vec<Keyed<FoldItem>>, Failures> {
        let of = self.object(object)?;
        let mut items = Vec::new();
        for part in self.collect(ty, field.sets())? {
            let item = match (part.name, of.field(part.name)) {
                ("__typename", _) => FoldItem::TypeName(Arc::from(ty)),
                (_, Some(known)) => FoldItem::Field(known.name.clone()),
                (_, None) => return Err(self.unknown(ty, &part)),
            };
            items.push(keyed(&part, item));
        }
        Ok(items)
    }
}

/// The suffix of its type and the aggregate, by the API's name.
pub(super) fn fold(name: &str) -> Option<(&'static str, Aggregate)> {
    crate::schema::FOLDS
        .iter()
        .find(|(fold, ..)| *fold == name)
        .map(|(_, suffix, aggregate)| (*suffix, *aggregate))
}
