//! Walks a request and checks that all it names is there and of the kind that its place asks for.

use std::sync::Arc;

use expr::{Expr, FieldPath, Node, Root, Slot};
use metadata::catalog::{Catalog, Field, FieldType, Lifecycle, Object};

use super::{Denied, reference_key};
use crate::request::{
    AggregateItem, EdgeItem, FoldItem, GroupOrderBy, GroupPart, GroupRead, Having, Input, Keyed,
    LifecyclePart, LifecycleRead, ListArgs, ListPart, ListRead, Measure, PartItem, Read, RecordData,
    RecordItem, StageRead,
};

/// What a walk needs to know.
pub(super) struct Walk<'a> {
    catalog: &'a Catalog,
}

type Checked = Result<(), Denied>;

impl<'a> Walk<'a> {
    pub(super) fn new(catalog: &'a Catalog) -> Self {
        Self { catalog }
    }

    pub(super) fn object(&self, name: &str) -> Result<&'a Arc<Object>, Denied> {
        self.catalog.object(name).ok_or_else(|| Denied::UnknownObject { object: name.to_owned() })
    }

    pub(super) fn field_of(&self, object: &str, field: &str) -> Result<&'a Arc<Field>, Denied> {
        let found = self.object(object)?.field(field);
        found.ok_or_else(|| Denied::UnknownField { object: object.to_owned(), field: field.to_owned() })
    }

    pub(super) fn read(&self, read: &Read) -> Checked {
        match read {
            Read::Record(record) => self.selection(&record.object, &record.selection),
            Read::List(list) => self.list(list),
            Read::Groups(groups) => self.groups(groups),
            Read::Stages(read) => self.stages(read),
        }
    }

    fn selection(&self, object: &str, selection: &[Keyed<RecordItem>]) -> Checked {
        self.object(object)?;
        selection.iter().try_for_each(|keyed| self.item(object, &keyed.item))
    }

    fn item(&self, object: &str, item: &RecordItem) -> Checked {
        match item {
            RecordItem::TypeName(_) => Ok(()),
            RecordItem::Value(name) => self.value_field(object, name).map(|_| ()),
            RecordItem::Parts(name, parts) => {
                let field = self.field_of(object, name)?;
                parts.iter().try_for_each(|part| match &part.item {
                    PartItem::TypeName(_) => Ok(()),
                    PartItem::Part(part) if has_part(field, part) => Ok(()),
                    PartItem::Part(part) => Err(Denied::UnknownField {
                        object: format!("{object}.{name}"),
                        field: part.to_string(),
                    }),
                })
            }
            RecordItem::One(name, selection) => match &self.field_of(object, name)?.ty {
                FieldType::Lookup(lookup) => self.selection(&lookup.to, selection),
                _ => Err(wrong(object, name, "a lookup")),
            },
            RecordItem::OneOf(name, selections) => match &self.field_of(object, name)?.ty {
                FieldType::Polymorphic { to, .. } => selections.iter().try_for_each(|(target, selection)| {
                    if !to.contains(target) {
                        return Err(wrong(object, name, "a relation to that object"));
                    }
                    self.selection(target, selection)
                }),
                _ => Err(wrong(object, name, "a polymorphic relation")),
            },
            RecordItem::Many(name, list) => match &self.field_of(object, name)?.ty {
                FieldType::Many(many) if many.to == list.object => self.list(list),
                _ => Err(wrong(object, name, "a to-many relation to that object")),
            },
            RecordItem::Score(name, _) => match self.field_of(object, name)? {
                field if field.explains_score() => Ok(()),
                _ => Err(wrong(object, name, "a score with parts")),
            },
            RecordItem::Lifecycle(read) => self.lifecycle(object, read),
        }
    }

    fn lifecycle(&self, object: &str, read: &LifecycleRead) -> Checked {
        self.as_of(object, read.as_of)?;
        read.parts.iter().try_for_each(|part| {
            let field = match &part.item {
                LifecyclePart::TypeName(_) | LifecyclePart::Name | LifecyclePart::Title => "lifecycle",
                LifecyclePart::Stage | LifecyclePart::Moves(_) => "stage",
                LifecyclePart::EnteredAt => "stageEnteredAt",
                LifecyclePart::Pass => "pass",
                LifecyclePart::History(_) => return self.log(object),
            };
            match self.object(object)?.lifecycle_field(field) {
                Some(_) => Ok(()),
                None => Err(Denied::UnknownField { object: object.to_owned(), field: field.to_owned() }),
            }
        })
    }

    /// The log of an object's stages is seen with all that it tells.
    fn log(&self, object: &str) -> Checked {
        if self.object(object)?.has_log() {
            return Ok(());
        }
        Err(Denied::UnknownField { object: object.to_owned(), field: "lifecycle".to_owned() })
    }

    fn as_of(&self, object: &str, at: Option<Slot>) -> Checked {
        at.map_or(Ok(()), |_| self.log(object))
    }

    fn stages(&self, read: &StageRead) -> Checked {
        self.log(&read.object)?;
        let of = |lifecycle: &Arc<Lifecycle>| lifecycle.name == read.lifecycle;
        if !self.catalog.lifecycles_of(&read.object).any(of) {
            let object = read.object.to_string();
            return Err(Denied::UnknownField { object, field: read.lifecycle.to_string() });
        }
        read.filter.as_ref().map_or(Ok(()), |filter| self.expr(&read.object, filter))
    }

    /// A field that holds one value: neither relation nor composite.
    fn value_field(&self, object: &str, name: &str) -> Result<&'a Arc<Field>, Denied> {
        let field = self.field_of(object, name)?;
        match &field.ty {
            FieldType::Lookup(_) | FieldType::Polymorphic { .. } | FieldType::Many(_) => {
                Err(wrong(object, name, "a value"))
            }
            FieldType::PersonName | FieldType::Address | FieldType::GeoPoint => {
                Err(wrong(object, name, "a single value"))
            }
            _ => Ok(field),
        }
    }

    fn list(&self, list: &ListRead) -> Checked {
        self.args(&list.object, &list.args)?;
        list.parts.iter().try_for_each(|part| match &part.item {
            ListPart::TypeName(_) | ListPart::PageInfo(_) | ListPart::TotalCount => Ok(()),
            ListPart::Nodes(selection) => self.selection(&list.object, selection),
            ListPart::Edges(edges) => edges.iter().try_for_each(|edge| match &edge.item {
                EdgeItem::TypeName(_) | EdgeItem::Cursor => Ok(()),
                EdgeItem::Node(selection) => self.selection(&list.object, selection),
            }),
            ListPart::Aggregate(items) => self.aggregates(&list.object, items),
        })
    }

    fn args(&self, object: &str, args: &ListArgs) -> Checked {
        self.object(object)?;
        self.as_of(object, args.as_of)?;
        if let Some(filter) = &args.filter {
            self.expr(object, filter)?;
        }
        args.order.iter().try_for_each(|key| self.path(object, &key.path))
    }

    fn aggregates(&self, object: &str, items: &[Keyed<AggregateItem>]) -> Checked {
        items.iter().try_for_each(|item| match &item.item {
            AggregateItem::TypeName(_) | AggregateItem::Count => Ok(()),
            AggregateItem::Fold(_, fields) => fields.iter().try_for_each(|field| match &field.item {
                FoldItem::TypeName(_) => Ok(()),
                FoldItem::Field(name) => self.value_field(object, name).map(|_| ()),
            }),
        })
    }

    fn groups(&self, groups: &GroupRead) -> Checked {
        self.object(&groups.object)?;
        self.as_of(&groups.object, groups.as_of)?;
        if let Some(filter) = &groups.filter {
            self.expr(&groups.object, filter)?;
        }
        groups.keys.iter().try_for_each(|key| self.path(&groups.object, &key.path))?;
        if let Some(having) = &groups.having {
            self.having(&groups.object, having)?;
        }
        groups.order.iter().try_for_each(|order| match &order.by {
            GroupOrderBy::Key(_) => Ok(()),
            GroupOrderBy::Measure(measure) => self.measure(&groups.object, measure),
        })?;
        groups.parts.iter().try_for_each(|part| match &part.item {
            GroupPart::TypeName(_) | GroupPart::Key(_) => Ok(()),
            GroupPart::Aggregate(items) => self.aggregates(&groups.object, items),
        })
    }

    fn measure(&self, object: &str, measure: &Measure) -> Checked {
        match &measure.field {
            None => Ok(()),
            Some(field) => self.value_field(object, field).map(|_| ()),
        }
    }

    fn having(&self, object: &str, having: &Having) -> Checked {
        match having {
            Having::And(all) | Having::Or(all) => all.iter().try_for_each(|one| self.having(object, one)),
            Having::Not(one) => self.having(object, one),
            Having::Compare(measure, _, _) | Having::IsNull(measure) => self.measure(object, measure),
        }
    }

    /// A path of an order or a group: to-one relations, then a value or a part.
    fn path(&self, object: &str, steps: &[Arc<str>]) -> Checked {
        self.end_of_path(object, steps).map(|_| ())
    }

    /// Follows a path; answers with the object and field of its last step (`None` where it ends at a part, or at one of the objects of
    /// a polymorphic relation).
    fn end_of_path(&self, object: &str, steps: &[Arc<str>]) -> Result<Option<&'a Arc<Field>>, Denied> {
        let Some((first, rest)) = steps.split_first() else {
            return Err(Denied::UnknownField { object: object.to_owned(), field: String::new() });
        };
        let field = self.field_of(object, first)?;
        let Some((second, after)) = rest.split_first() else { return Ok(Some(field)) };
        match &field.ty {
            FieldType::Lookup(lookup) => self.end_of_path(&lookup.to, rest),
            FieldType::Polymorphic { to, .. } => {
                match to.iter().find(|target| target.as_str() == &**second) {
                    None => Err(Denied::UnknownField {
                        object: format!("{object}.{first}"),
                        field: second.to_string(),
                    }),
                    Some(_) if after.is_empty() => Ok(None),
                    Some(target) => self.end_of_path(target, after),
                }
            }
            _ if has_part(field, second) && after.is_empty() => Ok(None),
            _ => Err(Denied::UnknownField { object: format!("{object}.{first}"), field: second.to_string() }),
        }
    }

    fn field_path(&self, object: &str, path: &FieldPath) -> Result<Option<&'a Arc<Field>>, Denied> {
        match path.root {
            Root::Record => self.end_of_path(object, &path.steps),
            Root::Old | Root::User | Root::Settings => Err(Denied::WrongRoot),
        }
    }

    fn related(&self, object: &str, relation: &FieldPath) -> Result<&'a str, Denied> {
        match self.field_path(object, relation)?.map(|field| &field.ty) {
            Some(FieldType::Many(many)) => Ok(many.to.as_str()),
            _ => Err(wrong(object, relation.steps.last().map_or("", |s| s), "a to-many relation")),
        }
    }

    pub(super) fn expr(&self, object: &str, expr: &Expr) -> Checked {
        match &expr.node {
            Node::Literal(_) | Node::Slot(_) => Ok(()),
            Node::Field(path) => self.field_path(object, path).map(|_| ()),
            Node::Not(one) | Node::Negate(one) | Node::IsNull(one) => self.expr(object, one),
            Node::And(all) | Node::Or(all) | Node::List(all) | Node::Call(_, all) => {
                all.iter().try_for_each(|one| self.expr(object, one))
            }
            Node::Binary(_, left, right)
            | Node::In(left, right)
            | Node::Text(_, left, right)
            | Node::Coalesce(left, right) => {
                self.expr(object, left)?;
                self.expr(object, right)
            }
            Node::ListTest(_, subject, other) => {
                self.expr(object, subject)?;
                other.as_ref().map_or(Ok(()), |other| self.expr(object, other))
            }
            Node::If(condition, then, otherwise) => {
                self.expr(object, condition)?;
                self.expr(object, then)?;
                self.expr(object, otherwise)
            }
            Node::Exists { relation, condition, .. } | Node::Count { relation, condition } => {
                let to = self.related(object, relation)?;
                condition.as_ref().map_or(Ok(()), |condition| self.expr(to, condition))
            }
            // The condition names columns of the log, which are seen with it.
            Node::Stays { record, .. } => self.log(self.record_of(object, record)?),
        }
    }

    /// The object that a path of to-one relations leads to; without a step the one that it begins at.
    fn record_of<'o>(&self, object: &'o str, path: &FieldPath) -> Result<&'o str, Denied>
    where
        'a: 'o,
    {
        let Some(last) = path.steps.last() else { return Ok(object) };
        match self.field_path(object, path)?.map(|field| &field.ty) {
            Some(FieldType::Lookup(lookup)) => Ok(lookup.to.as_str()),
            // At one of the objects of a polymorphic relation.
            None => self.object(last).map(|object| object.name.as_str()),
            Some(_) => Err(wrong(object, last, "a relation to one record")),
        }
    }

    /// The fields of a record to be written; whether each may be written, and as what, is for the engine to say.
    pub(super) fn data(&self, object: &str, data: &RecordData) -> Checked {
        self.object(object)?;
        data.fields.iter().try_for_each(|(name, input)| {
            let field = self.field_of(object, name)?;
            match (input, &field.ty) {
                (Input::Value(_) | Input::Unreadable { .. }, _) => Ok(()),
                (Input::Parts(parts), _) => parts.iter().try_for_each(|(part, _)| {
                    if has_part(field, part) {
                        return Ok(());
                    }
                    Err(Denied::UnknownField { object: format!("{object}.{name}"), field: part.clone() })
                }),
                (Input::One(reference), FieldType::Lookup(lookup)) => {
                    self.reference(&lookup.to, reference_key(reference))
                }
                (Input::One(_), _) => Err(wrong(object, name, "a lookup")),
                (Input::OneOf(target, reference), FieldType::Polymorphic { to, .. })
                    if to.contains(target) =>
                {
                    self.reference(target, reference_key(reference))
                }
                (Input::OneOf(..), _) => Err(wrong(object, name, "a relation to that object")),
                (Input::Many { connect, disconnect }, FieldType::Many(many)) => connect
                    .iter()
                    .chain(disconnect)
                    .try_for_each(|one| self.reference(&many.to, reference_key(one))),
                (Input::Many { .. }, _) => Err(wrong(object, name, "a to-many relation")),
            }
        })
    }

    fn reference(&self, object: &str, key: Option<&metadata::Name>) -> Checked {
        key.map_or(Ok(()), |key| self.field_of(object, key).map(|_| ()))
    }
}

fn has_part(field: &Field, part: &str) -> bool {
    field.ty.parts().iter().any(|(name, _, _)| *name == part)
}

fn wrong(object: &str, field: &str, expected: &'static str) -> Denied {
    Denied::WrongKind { object: object.to_owned(), field: field.to_owned(), expected }
}
