//! The funnel: who came into each stage, and what became of them.

use metadata::catalog::{Lifecycle, Stage, StageKind};
use sql::{Compare, Fold, Ident, Order, Query, Scalar};

use super::LowerError;
use super::context::{Cx, equal};
use super::log::column;
use super::stages::{Kind, Measures, Part, fold, named, number, one_if, place_of, subselect};
use crate::request::{FunnelPart, Keyed, Period, StageRead};

impl Cx<'_> {
    /// Each record's stays, first by record and stage, then by stage.
    pub fn funnel(
        &mut self,
        read: &StageRead,
        lifecycle: &Lifecycle,
        period: Period,
        parts: &[Keyed<FunnelPart>],
    ) -> Result<Query, LowerError> {
        let (rows, stay) = self.log_of(read)?;
        let stage = column(&stay, "to_stage");
        let entered = column(&stay, "entered");
        let came = self.during(&entered, period);
        let there = match read.as_of {
            Some(at) => self.not_left_by(&stay, at),
            None => Scalar::IsNull(Box::new(column(&stay, "left_at"))),
        };
        let mut stays = vec![
            named(column(&stay, "record"), "r"),
            named(place_of(&stage, lifecycle, number), "n"),
            named(one_if(Scalar::And(came)), "came"),
            named(one_if(there), "present"),
        ];
        let becomes = parts.iter().any(|part| {
            let plain = matches!(
                part.item,
                FunnelPart::TypeName(_)
                    | FunnelPart::Fact(_)
                    | FunnelPart::Entered
                    | FunnelPart::Stays
                    | FunnelPart::Present
            );
            !plain
        });
        if becomes {
            stays.extend(outcomes(&stay, &stage, lifecycle));
        }
        let (one, all) = (Ident::made("s"), Ident::made("g"));
        let of = |name: &str| column(&one, name);
        let known = Scalar::Not(Box::new(Scalar::IsNull(Box::new(of("n")))));
        let mut each = vec![
            named(of("r"), "r"),
            named(of("n"), "n"),
            named(fold(Fold::Max, of("came")), "entered"),
            named(fold(Fold::Sum, of("came")), "stays"),
            named(fold(Fold::Max, of("present")), "present"),
        ];
        let came = || equal(of("came"), Scalar::Int(1));
        let mut measures: Vec<&str> = vec!["entered", "stays", "present"];
        if becomes {
            let further = Scalar::Compare(Compare::Greater, Box::new(of("far")), Box::new(of("n")));
            let advanced = one_if(Scalar::And(vec![came(), further]));
            each.push(named(fold(Fold::Max, advanced), "advanced"));
            measures.push("advanced");
            for name in ["won", "lost"] {
                let reached = equal(of(name), Scalar::Int(1));
                each.push(named(fold(Fold::Max, one_if(Scalar::And(vec![came(), reached]))), name));
                measures.push(name);
            }
        }
        let by_record = Query {
            columns: each,
            from: Some(subselect(rows.query(stays), &one)),
            filter: Some(known),
            group: vec![of("r"), of("n")],
            ..Query::default()
        };
        let mut columns = vec![named(column(&all, "n"), "n")];
        columns.extend(measures.iter().map(|name| named(fold(Fold::Sum, column(&all, name)), name)));
        Ok(Query {
            columns,
            from: Some(subselect(by_record, &all)),
            group: vec![column(&all, "n")],
            ..Query::default()
        })
    }
}

/// What became of a record from a stay on: how far it came, whether it was won, whether it was lost.
fn outcomes(stay: &Ident, stage: &Scalar, lifecycle: &Lifecycle) -> Measures {
    let further = |place: usize, of: &Stage| match of.kind {
        StageKind::Open | StageKind::Won => number(place, of),
        StageKind::Detour | StageKind::Lost => None,
    };
    let of_kind = |kind: StageKind| {
        let one = move |_: usize, of: &Stage| (of.kind == kind).then_some(1);
        place_of(stage, lifecycle, one)
    };
    let seen = |of: Scalar| {
        let descending = |name: &str| Order { by: column(stay, name), descending: true, nulls_first: true };
        Scalar::RunningMax {
            of: Box::new(of),
            partition: vec![column(stay, "record")],
            order: vec![descending("entered"), descending("id")],
        }
    };
    vec![
        named(seen(place_of(stage, lifecycle, further)), "far"),
        named(seen(of_kind(StageKind::Won)), "won"),
        named(seen(of_kind(StageKind::Lost)), "lost"),
    ]
}

pub(super) fn funnel_part(part: &FunnelPart) -> Part<'_> {
    match part {
        FunnelPart::TypeName(name) => Part::TypeName(name),
        FunnelPart::Fact(fact) => Part::Fact(*fact),
        FunnelPart::Entered => Part::Measure("entered", Kind::Count),
        FunnelPart::Stays => Part::Measure("stays", Kind::Count),
        FunnelPart::Present => Part::Measure("present", Kind::Count),
        FunnelPart::Advanced => Part::Measure("advanced", Kind::Count),
        FunnelPart::Conversion => Part::Measure("advanced", Kind::Share("entered")),
        FunnelPart::Won => Part::Measure("won", Kind::Count),
        FunnelPart::Lost => Part::Measure("lost", Kind::Count),
    }
}
