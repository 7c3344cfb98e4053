//! How long records stay: on each way from stage to stage, and in each stage that they are in.

use expr::{Encoding, Function};
use metadata::catalog::Lifecycle;
use metadata::layout::Role;
use sql::{CellType, Compare, Fold, Ident, Order, Query, Scalar, Spread};

use super::LowerError;
use super::context::{Cx, Typed, equal};
use super::log::column;
use super::selection::{Columns, json_text, object_pieces};
use super::stages::{Kind, Measures, Part, fold, named, number, one_if, place_of, subselect};
use crate::cost::DEFAULT_GROUPS;
use crate::request::{AgingPart, Keyed, Length, StageRead, Velocity, VelocityPart};
use crate::response::{Form, Piece};
use crate::slots::{Derived, Transform};

/// The days between two instants.
pub(super) fn days_between(from: Scalar, to: Scalar) -> Scalar {
    Scalar::Millionths(Box::new(Scalar::MicroDays(Box::new(from), Box::new(to))))
}

/// A length among many, in millionths of a day.
fn length(which: Length, of: Scalar) -> Scalar {
    let spread = match which {
        Length::Mean => Spread::Mean,
        Length::Median => Spread::Tenths(5),
        Length::NinetyPercent => Spread::Tenths(9),
    };
    Scalar::Spread(spread, Box::new(of))
}

/// The name of a length in the statement.
fn length_name(which: Length) -> &'static str {
    match which {
        Length::Mean => "mean",
        Length::Median => "p50",
        Length::NinetyPercent => "p90",
    }
}

impl Cx<'_> {
    pub fn velocity(
        &mut self,
        read: &StageRead,
        lifecycle: &Lifecycle,
        velocity: &Velocity,
    ) -> Result<(Query, Form), LowerError> {
        let (mut rows, stay) = self.log_of(read)?;
        let left = column(&stay, "left_at");
        rows.filter.push(Scalar::Not(Box::new(Scalar::IsNull(Box::new(column(&stay, "left_to"))))));
        let during = self.during(&left, velocity.period);
        rows.filter.extend(during);
        if let Some(at) = read.as_of {
            let at = Box::new(self.instant(at));
            rows.filter.push(Scalar::Compare(Compare::LessOrEqual, Box::new(left.clone()), at));
        }
        for (slot, name, encoding) in [
            (velocity.pass, "pass", Encoding::Int),
            (velocity.from_stage, "to_stage", Encoding::Text),
            (velocity.to_stage, "left_to", Encoding::Text),
        ] {
            let Some(slot) = slot else { continue };
            let value = Scalar::Param(self.slot(slot, None, encoding, false));
            rows.filter.push(equal(column(&stay, name), value));
        }
        let length_of = Scalar::MicroDays(Box::new(column(&stay, "entered")), Box::new(left.clone()));
        let mut inner = vec![
            named(column(&stay, "to_stage"), "f"),
            named(column(&stay, "left_to"), "t"),
            named(length_of, "d"),
        ];
        if let Some(by) = velocity.by {
            let typed = Typed { scalar: left, encoding: Encoding::DateTime };
            inner.push(named(self.bucket(by, typed, velocity.zone).scalar, "b"));
        }
        let alias = Ident::made("s");
        let of = |name: &str| column(&alias, name);
        let mut columns = Columns::after(0);
        let pieces = object_pieces(&velocity.parts, |part, pieces| {
            let (scalar, encoding) = match part {
                VelocityPart::TypeName(name) => {
                    pieces.text(&json_text(name));
                    return Ok(());
                }
                VelocityPart::From => (of("f"), Encoding::Text),
                VelocityPart::To => (of("t"), Encoding::Text),
                VelocityPart::Bucket if velocity.by.is_some() => (of("b"), Encoding::Date),
                VelocityPart::Bucket => (Scalar::Null(Encoding::Date), Encoding::Date),
                VelocityPart::Count => (Scalar::CountAll, Encoding::Int),
                VelocityPart::Days(which) => {
                    (Scalar::Millionths(Box::new(length(*which, of("d")))), Encoding::Decimal(6))
                }
            };
            pieces.push(Piece::Cell(columns.add(scalar), CellType::Plain(encoding)));
            Ok(())
        })?;
        if columns.is_empty() {
            columns.add(Scalar::CountAll);
        }
        let keys: Vec<Scalar> = velocity.by.map(|_| of("b")).into_iter().chain([of("f"), of("t")]).collect();
        let mut order: Vec<Scalar> = velocity.by.map(|_| of("b")).into_iter().collect();
        order.extend(["f", "t"].map(|name| place_of(&of(name), lifecycle, number)));
        order.extend([of("f"), of("t")]);
        let limit = self.slot(velocity.size, Some(Transform::Size(DEFAULT_GROUPS)), Encoding::Int, false);
        let query = Query {
            columns: columns.into_list(),
            from: Some(subselect(rows.query(inner), &alias)),
            group: keys,
            order: order.into_iter().map(|by| Order { by, descending: false, nulls_first: false }).collect(),
            limit: Some(Scalar::Param(limit)),
            ..Query::default()
        };
        Ok((query, Form::Groups(pieces.into_vec())))
    }

    pub fn aging(
        &mut self,
        read: &StageRead,
        lifecycle: &Lifecycle,
        parts: &[Keyed<AgingPart>],
    ) -> Result<Query, LowerError> {
        let mut rows = self.asked(read, read.as_of)?;
        let place = rows.place.clone();
        let held = |name: &str| self.column(&place, name, &Role::Value).map(|typed| typed.scalar);
        let (taken, stage, entered) = (held("lifecycle")?, held("stage")?, held("stageEnteredAt")?);
        rows.filter.push(equal(taken, Scalar::Text(read.lifecycle.to_string())));
        let now = match read.as_of {
            Some(at) => at,
            None => self.slots.derive(Derived::Constant(Function::Now, None)),
        };
        let now = self.instant(now);
        let mut inner = vec![
            named(place_of(&stage, lifecycle, number), "n"),
            named(Scalar::MicroDays(Box::new(entered.clone()), Box::new(now.clone())), "d"),
            named(entered.clone(), "e"),
        ];
        inner.push(named(one_if(overdue(&stage, &entered, &now, lifecycle)), "late"));
        let alias = Ident::made("s");
        let of = |name: &str| column(&alias, name);
        let mut measures: Measures = vec![
            named(of("n"), "n"),
            named(Scalar::CountAll, "count"),
            named(fold(Fold::Sum, of("late")), "overdue"),
            named(Scalar::Aggregate(Fold::Min, Box::new(of("e")), Encoding::DateTime), "oldest"),
        ];
        for part in parts {
            if let AgingPart::Days(which) = part.item {
                let name = Ident::made(length_name(which));
                if measures.iter().all(|(_, known)| *known != name) {
                    measures.push((length(which, of("d")), name));
                }
            }
        }
        Ok(Query {
            columns: measures,
            from: Some(subselect(rows.query(inner), &alias)),
            group: vec![of("n")],
            ..Query::default()
        })
    }
}

/// That a record has been in its stage for longer than expected.
fn overdue(stage: &Scalar, entered: &Scalar, now: &Scalar, lifecycle: &Lifecycle) -> Scalar {
    let late = lifecycle.stages.values().filter_map(|of| {
        let expected = of.expected?;
        let due = Scalar::Shift(
            Box::new(entered.clone()),
            Encoding::DateTime,
            Box::new(Scalar::Int(expected.months.into())),
            Box::new(Scalar::Int(expected.micros)),
        );
        let late = Scalar::Compare(Compare::Less, Box::new(due), Box::new(now.clone()));
        Some(Scalar::And(vec![equal(stage.clone(), Scalar::Text(of.name.to_string())), late]))
    });
    Scalar::Or(late.collect())
}

pub(super) fn aging_part(part: &AgingPart) -> Part<'_> {
    match part {
        AgingPart::TypeName(name) => Part::TypeName(name),
        AgingPart::Fact(fact) => Part::Fact(*fact),
        AgingPart::Count => Part::Measure("count", Kind::Count),
        AgingPart::Days(which) => Part::Measure(length_name(*which), Kind::Days),
        AgingPart::Overdue => Part::Measure("overdue", Kind::Count),
        AgingPart::Oldest => Part::Measure("oldest", Kind::Instant),
    }
}
