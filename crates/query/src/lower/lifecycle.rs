//! Where a record stands in its lifecycle, and its stays so far.

use std::sync::Arc;

use expr::{Encoding, Slot};
use metadata::layout::Role;
use sql::{CellType, Compare, From, Ident, JoinKind, Order, Query, Relation, Scalar};

use super::LowerError;
use super::context::{Cx, Frame, Place, Rows, conjunction, equal, unsupported};
use super::log::column;
use super::selection::{Columns, Pairs, json_text, object_pieces, type_name};
use super::tempo::days_between;
use crate::access::Access;
use crate::cost::DEFAULT_PAGE;
use crate::request::{Deleted, Keyed, LifecyclePart, LifecycleRead, MovePart, StayList, StayPart};
use crate::response::Piece;
use crate::slots::Transform;

/// The object of users.
const USER: &str = "user";

impl Cx<'_> {
    /// The lifecycle as pieces over result columns.
    pub fn lifecycle_pieces(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        read: &LifecycleRead,
        columns: &mut Columns,
    ) -> Result<Piece, LowerError> {
        let place = self.standing(frame, place, read)?;
        let taken = columns.add(self.column(&place, "lifecycle", &Role::Value)?.scalar);
        let pieces = object_pieces(&read.parts, |item, pieces| {
            if let LifecyclePart::TypeName(name) = item {
                pieces.text(&json_text(name));
                return Ok(());
            }
            let (scalar, cell) = self.lifecycle_part(&place, item)?;
            pieces.push(Piece::Cell(columns.add(scalar), cell));
            Ok(())
        })?;
        Ok(Piece::IfAny(vec![taken], pieces.into_vec()))
    }

    /// The lifecycle as a JSON object made by the database.
    pub fn lifecycle_json(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        read: &LifecycleRead,
    ) -> Result<Scalar, LowerError> {
        let place = self.standing(frame, place, read)?;
        let taken = self.column(&place, "lifecycle", &Role::Value)?.scalar;
        let mut pairs: Pairs = Vec::with_capacity(read.parts.len());
        for keyed in &read.parts {
            let (scalar, cell) = self.lifecycle_part(&place, &keyed.item)?;
            pairs.push((keyed.key.to_string(), scalar, cell));
        }
        let null = (Scalar::IsNull(Box::new(taken)), Scalar::RawJson("null".to_owned()));
        Ok(Scalar::Case(vec![null], Some(Box::new(Scalar::JsonObject(pairs)))))
    }

    /// The record's place at the instant that is asked for.
    fn standing(
        &mut self,
        frame: &mut Frame,
        place: &Place,
        read: &LifecycleRead,
    ) -> Result<Place, LowerError> {
        match read.as_of {
            Some(at) => self.at(frame, place, at, JoinKind::Left),
            None => Ok(place.clone()),
        }
    }

    fn lifecycle_part(
        &mut self,
        place: &Place,
        part: &LifecyclePart,
    ) -> Result<(Scalar, CellType), LowerError> {
        let field = match part {
            LifecyclePart::TypeName(name) => return Ok(type_name(name)),
            LifecyclePart::Name => "lifecycle",
            LifecyclePart::Stage => "stage",
            LifecyclePart::EnteredAt => "stageEnteredAt",
            LifecyclePart::Pass => "pass",
            LifecyclePart::Title => return Ok((self.title(place)?, CellType::Plain(Encoding::Text))),
            // What may come next is for the engine to say, which needs to know of which record.
            LifecyclePart::Moves(parts) => {
                return Ok((self.hole(place, parts)?, CellType::Plain(Encoding::Text)));
            }
            LifecyclePart::History(stays) => return Ok((self.history(place, stays)?, CellType::Raw)),
        };
        let typed = self.column(place, field, &Role::Value)?;
        Ok((typed.scalar, CellType::Plain(typed.encoding)))
    }

    /// What is put in the place of a record's moves: of which record, and what is selected of them.
    fn hole(&mut self, place: &Place, parts: &[Keyed<MovePart>]) -> Result<Scalar, LowerError> {
        let number = self.moves.iter().position(|known| known == parts);
        let number = number.ok_or_else(|| unsupported("moves that were not looked for"))?;
        let id = Scalar::Convert(Box::new(self.id(place)?), Encoding::Id, Encoding::Text);
        let object = Scalar::Text(format!("{}:", place.object.name));
        Ok(Scalar::Concat(vec![object, id, Scalar::Text(format!(":{number}"))]))
    }

    /// The title of the record's lifecycle.
    fn title(&mut self, place: &Place) -> Result<Scalar, LowerError> {
        let name = self.column(place, "lifecycle", &Role::Value)?.scalar;
        let titled = self.catalog.lifecycles_of(&place.object.name);
        let arms = titled
            .map(|lifecycle| {
                let same = equal(name.clone(), Scalar::Text(lifecycle.name.to_string()));
                (same, Scalar::Text(lifecycle.title.clone()))
            })
            .collect();
        Ok(Scalar::Case(arms, None))
    }

    /// A page of the record's stays as a JSON array, in their order.
    fn history(&mut self, place: &Place, list: &StayList) -> Result<Scalar, LowerError> {
        let near = self.id(place)?;
        let mut rows = self.stays(place, near.clone());
        let beyond =
            [(list.after, Compare::Greater), (list.before, Compare::Less)].map(|(id, way)| Some((id?, way)));
        for (id, way) in beyond.into_iter().flatten() {
            let position = self.position_of(place, &near, id);
            rows.filter.push(position.beyond(&rows.place.alias, way));
        }
        let stay = rows.place.clone();
        let json = self.stay_json(&mut rows, list)?;
        let keys = [column(&stay.alias, "entered"), column(&stay.alias, "id")];
        let mut query = rows.query(vec![(json, Ident::made("j"))]);
        query.order = order(keys.clone(), list.backward);
        let size = self.slot(list.size, Some(Transform::Size(DEFAULT_PAGE)), Encoding::Int, false);
        query.limit = Some(Scalar::Param(size));
        if !list.backward {
            return Ok(Scalar::JsonArray(Box::new(query)));
        }
        // The last ones are fetched from the end and shown in order.
        query.columns.extend(keys.into_iter().zip([Ident::made("e"), Ident::made("i")]));
        let alias = self.alias('p');
        let keys = ["e", "i"].map(|name| column(&alias, name));
        Ok(Scalar::JsonArray(Box::new(Query {
            columns: vec![(column(&alias, "j"), Ident::made("j"))],
            order: order(keys, false),
            from: Some(From { source: Relation::Query(Box::new(query)), alias }),
            ..Query::default()
        })))
    }

    /// Where a stay of the record stands among the others.
    fn position_of(&mut self, place: &Place, near: &Scalar, id: Slot) -> Position {
        let id = Scalar::Param(self.slot(id, None, Encoding::Id, false));
        let mut rows = self.stays(place, near.clone());
        let alias = rows.place.alias.clone();
        rows.filter.push(equal(column(&alias, "id"), id.clone()));
        let entered = rows.query(vec![(column(&alias, "entered"), Ident::made("v"))]);
        Position { entered: Scalar::Subquery(Box::new(entered)), id }
    }

    /// A stay as JSON.
    fn stay_json(&mut self, rows: &mut Rows, list: &StayList) -> Result<Scalar, LowerError> {
        let place = rows.place.clone();
        let mut pairs: Pairs = Vec::with_capacity(list.parts.len());
        for keyed in &list.parts {
            let field = match keyed.item {
                StayPart::TypeName => {
                    let (scalar, cell) = type_name("StageStay");
                    pairs.push((keyed.key.to_string(), scalar, cell));
                    continue;
                }
                StayPart::Id => "id",
                StayPart::Lifecycle => "lifecycle",
                StayPart::Transition => "transition",
                StayPart::From => "from",
                StayPart::To => "to",
                StayPart::Pass => "pass",
                StayPart::EnteredAt => "enteredAt",
                StayPart::LeftAt => "leftAt",
                StayPart::LeftTo => "leftTo",
                StayPart::Cause => "cause",
                StayPart::Detail => "detail",
                StayPart::Reason => "reason",
                StayPart::Days | StayPart::Actor | StayPart::User => {
                    let (scalar, encoding) = match keyed.item {
                        StayPart::Days => (
                            days_between(column(&place.alias, "entered"), column(&place.alias, "left_at")),
                            Encoding::Decimal(6),
                        ),
                        StayPart::Actor => (self.actor(&place)?, Encoding::Text),
                        _ => (self.user_of(&place)?, Encoding::Id),
                    };
                    pairs.push((keyed.key.to_string(), scalar, CellType::Plain(encoding)));
                    continue;
                }
            };
            let typed = self.column(&place, field, &Role::Value)?;
            pairs.push((keyed.key.to_string(), typed.scalar, CellType::Plain(typed.encoding)));
        }
        Ok(Scalar::JsonObject(pairs))
    }

    /// Who moved the record: a user is named only to those who see that user, by an address only to those who see addresses.
    fn actor(&mut self, stay: &Place) -> Result<Scalar, LowerError> {
        let label = column(&stay.alias, "actor");
        let user = column(&stay.alias, "user_id");
        let Some(access) = self.access.filter(|access| **access != Access::Everything) else {
            return Ok(label);
        };
        let nobody = Scalar::IsNull(Box::new(user.clone()));
        let own = equal(user, Scalar::Param(self.fact(&[Arc::from("id")], Encoding::Id, false)));
        let plain = (Scalar::Or(vec![nobody, own]), label.clone());
        if !access.sees(USER, "id") {
            return Ok(Scalar::Case(vec![plain], None));
        }
        let mut rows = self.user_row(stay)?;
        let there = rows.place.clone();
        let told = if access.sees(USER, "email") {
            label
        } else if access.sees(USER, "name") {
            let field = Cx::field(&there, "name")?;
            let name = self.field_value(&mut rows.frame, &there, &field)?.scalar;
            Scalar::Concat(vec![Scalar::Text("user:".to_owned()), name])
        } else {
            Scalar::Null(Encoding::Text)
        };
        let known = Scalar::Subquery(Box::new(rows.query(vec![(told, Ident::made("v"))])));
        Ok(Scalar::Case(vec![plain], Some(Box::new(known))))
    }

    /// The id of the user who moved the record, for those who see that user.
    fn user_of(&mut self, stay: &Place) -> Result<Scalar, LowerError> {
        let user = column(&stay.alias, "user_id");
        let Some(access) = self.access.filter(|access| **access != Access::Everything) else {
            return Ok(user);
        };
        let own = equal(user.clone(), Scalar::Param(self.fact(&[Arc::from("id")], Encoding::Id, false)));
        if !access.sees(USER, "id") {
            return Ok(Scalar::Case(vec![(own, user)], None));
        }
        let rows = self.user_row(stay)?;
        let known = Scalar::Subquery(Box::new(rows.query(vec![(user.clone(), Ident::made("v"))])));
        Ok(Scalar::Case(vec![(own, user)], Some(Box::new(known))))
    }

    /// The row of the user who moved the record, deleted or not, if the caller sees it.
    fn user_row(&mut self, stay: &Place) -> Result<Rows, LowerError> {
        let mut rows = self.rows(USER, Deleted::With)?;
        let there = rows.place.clone();
        rows.filter.push(equal(self.id(&there)?, column(&stay.alias, "user_id")));
        Ok(rows)
    }
}

/// A place in the order of a record's stays.
struct Position {
    entered: Scalar,
    id: Scalar,
}

impl Position {
    fn beyond(&self, stay: &Ident, way: Compare) -> Scalar {
        let entered = || Box::new(column(stay, "entered"));
        let at = || Box::new(self.entered.clone());
        let id = Scalar::Compare(way, Box::new(column(stay, "id")), Box::new(self.id.clone()));
        let tied = conjunction(vec![Scalar::Compare(Compare::Equal, entered(), at()), id]);
        Scalar::Or(std::iter::once(Scalar::Compare(way, entered(), at())).chain(tied).collect())
    }
}

fn order(keys: [Scalar; 2], descending: bool) -> Vec<Order> {
    keys.into_iter().map(|by| Order { by, descending, nulls_first: descending }).collect()
}
