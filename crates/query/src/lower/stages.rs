//! What the log of stages tells of many records, each in one statement: funnel, velocity, aging.
//!
//! Lengths of time are whole millionths of a day, so that sums, means and percentiles are exact and the same on both databases.

use expr::{Encoding, Slot};
use metadata::catalog::{Lifecycle, Stage};
use sql::{Arithmetic, CellType, Compare, Fold, From, Ident, Join, JoinKind, Order, Query, Relation, Scalar};

use super::LowerError;
use super::context::{Cx, Rows, conjunction, equal, unknown};
use super::funnel::funnel_part;
use super::log::{column, table};
use super::selection::{Columns, json_text, object_pieces};
use super::tempo::aging_part;
use crate::request::{Deleted, Keyed, Period, StageFact, StageRead, Told};
use crate::response::{Form, Piece};

/// What is said of stages themselves, and under which name it stands in the statement.
const FACTS: [(StageFact, &str, Encoding); 7] = [
    (StageFact::Name, "stage", Encoding::Text),
    (StageFact::Title, "title", Encoding::Text),
    (StageFact::Kind, "kind", Encoding::Text),
    (StageFact::Journey, "journey", Encoding::Text),
    (StageFact::Phase, "phase", Encoding::Text),
    (StageFact::Probability, "probability", Encoding::Int),
    (StageFact::Expected, "expected", Encoding::Text),
];

/// What is measured of each stage: a name in the statement, and the measure.
pub(super) type Measures = Vec<(Scalar, Ident)>;

/// Names a scalar.
pub(super) fn named(scalar: Scalar, name: &str) -> (Scalar, Ident) {
    (scalar, Ident::made(name))
}

pub(super) fn subselect(query: Query, alias: &Ident) -> From {
    From { source: Relation::Query(Box::new(query)), alias: alias.clone() }
}

/// One where the condition holds, zero elsewhere.
pub(super) fn one_if(condition: Scalar) -> Scalar {
    Scalar::Case(vec![(condition, Scalar::Int(1))], Some(Box::new(Scalar::Int(0))))
}

pub(super) fn fold(fold: Fold, of: Scalar) -> Scalar {
    Scalar::Aggregate(fold, Box::new(of), Encoding::Int)
}

/// The place of a stage by its name; null for one that is not there any more.
pub(super) fn place_of(
    stage: &Scalar,
    lifecycle: &Lifecycle,
    place: impl Fn(usize, &Stage) -> Option<i64>,
) -> Scalar {
    let arms = lifecycle.stages.values().enumerate();
    let arms = arms.filter_map(|(number, of)| {
        Some((equal(stage.clone(), Scalar::Text(of.name.to_string())), Scalar::Int(place(number, of)?)))
    });
    let arms: Vec<_> = arms.collect();
    if arms.is_empty() { Scalar::Null(Encoding::Int) } else { Scalar::Case(arms, None) }
}

pub(super) fn number(place: usize, _: &Stage) -> Option<i64> {
    i64::try_from(place).ok()
}

/// The stages with what is said of them, as rows.
fn facts(lifecycle: &Lifecycle) -> Relation {
    let text =
        |text: Option<&str>| text.map_or(Scalar::Null(Encoding::Text), |text| Scalar::Text(text.to_owned()));
    let row = |(place, stage): (usize, &Stage)| {
        let fact = |fact: StageFact| match fact {
            StageFact::Name => text(Some(&stage.name)),
            StageFact::Title => text(Some(&stage.title)),
            StageFact::Kind => text(Some(stage.kind.as_str())),
            StageFact::Journey => text(stage.journey.map(metadata::catalog::Journey::as_str)),
            StageFact::Phase => text(stage.phase.as_deref()),
            StageFact::Expected => text(stage.expected.map(|length| length.to_string()).as_deref()),
            StageFact::Probability => {
                stage.probability.map_or(Scalar::Null(Encoding::Int), |chance| Scalar::Int(chance.into()))
            }
        };
        let columns = FACTS.iter().map(|(of, name, _)| named(fact(*of), name));
        let place = number(place, stage).map_or(Scalar::Null(Encoding::Int), Scalar::Int);
        Query { columns: std::iter::once(named(place, "n")).chain(columns).collect(), ..Query::default() }
    };
    Relation::Union(lifecycle.stages.values().enumerate().map(row).collect())
}

/// A part of what is told of a stage: a fact of it, or a measure by its name in the statement.
pub(super) enum Part<'a> {
    TypeName(&'a str),
    Fact(StageFact),
    Measure(&'static str, Kind),
}

/// What a measure is where there is nothing to measure, and how it is written.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Zero.
    Count,
    /// Nothing.
    Days,
    /// Nothing.
    Instant,
    /// One count as a part of another.
    Share(&'static str),
}

impl Cx<'_> {
    /// The statement, and how its rows are written.
    pub fn stages(&mut self, read: &StageRead) -> Result<(Query, Form), LowerError> {
        let lifecycle = self.catalog.lifecycles_of(&read.object).find(|one| one.name == read.lifecycle);
        let lifecycle = lifecycle.ok_or_else(|| unknown(&read.object, &read.lifecycle))?;
        match &read.told {
            Told::Funnel { period, parts } => {
                let measured = self.funnel(read, lifecycle, *period, parts)?;
                by_stage(lifecycle, measured, parts, funnel_part)
            }
            Told::Velocity(velocity) => self.velocity(read, lifecycle, velocity),
            Told::Aging(parts) => {
                let measured = self.aging(read, lifecycle, parts)?;
                by_stage(lifecycle, measured, parts, aging_part)
            }
        }
    }

    /// The records that are asked about.
    pub fn asked(&mut self, read: &StageRead, as_of: Option<Slot>) -> Result<Rows, LowerError> {
        let mut rows = self.rows(&read.object, Deleted::Without)?;
        self.as_of(&mut rows, as_of)?;
        if let Some(filter) = &read.filter {
            let place = rows.place.clone();
            let truth = self.truth(&mut rows.frame, &place, filter)?;
            rows.filter.push(truth);
        }
        Ok(rows)
    }

    /// Their stays in the lifecycle, as far as the log is read.
    pub fn log_of(&mut self, read: &StageRead) -> Result<(Rows, Ident), LowerError> {
        // Where the stage of then is not asked for, its stay need not be looked up.
        let mut rows = self.asked(read, read.as_of.filter(|_| read.filter.is_some()))?;
        let stay = self.alias('t');
        let mut on = vec![
            equal(column(&stay, "object"), Scalar::Text(read.object.to_string())),
            equal(column(&stay, "record"), self.id(&rows.place)?),
            equal(column(&stay, "lifecycle"), Scalar::Text(read.lifecycle.to_string())),
        ];
        if let Some(at) = read.as_of {
            on.push(self.entered_by(&stay, at));
        }
        let from = From { source: table(), alias: stay.clone() };
        rows.frame.joins.push(Join { kind: JoinKind::Inner, from, on: conjunction(on) });
        Ok((rows, stay))
    }

    pub fn instant(&mut self, at: Slot) -> Scalar {
        Scalar::Param(self.slot(at, None, Encoding::DateTime, false))
    }

    /// That an instant lies in a period.
    pub fn during(&mut self, at: &Scalar, period: Period) -> Vec<Scalar> {
        let bounds = [(period.from, Compare::GreaterOrEqual), (period.to, Compare::Less)];
        let compared = bounds.into_iter().filter_map(|(bound, compare)| {
            Some(Scalar::Compare(compare, Box::new(at.clone()), Box::new(self.instant(bound?))))
        });
        compared.collect()
    }
}

/// All stages in their order, each with what was measured of it.
fn by_stage<P>(
    lifecycle: &Lifecycle,
    measured: Query,
    parts: &[Keyed<P>],
    part: impl Fn(&P) -> Part<'_>,
) -> Result<(Query, Form), LowerError> {
    let (facts_of, counted) = (Ident::made("f"), Ident::made("m"));
    let of = |name: &str| column(&counted, name);
    let count = |name: &str| Scalar::Coalesce(vec![of(name), Scalar::Int(0)]);
    let mut columns = Columns::after(0);
    let pieces = object_pieces(parts, |item, pieces| {
        let (scalar, encoding) = match part(item) {
            Part::TypeName(name) => {
                pieces.text(&json_text(name));
                return Ok(());
            }
            Part::Fact(fact) => {
                let known = FACTS.iter().find(|(of, ..)| *of == fact);
                known.map_or((Scalar::Null(Encoding::Text), Encoding::Text), |(_, name, encoding)| {
                    (column(&facts_of, name), *encoding)
                })
            }
            Part::Measure(name, Kind::Count) => (count(name), Encoding::Int),
            Part::Measure(name, Kind::Instant) => (of(name), Encoding::DateTime),
            Part::Measure(name, Kind::Days) => (Scalar::Millionths(Box::new(of(name))), Encoding::Decimal(6)),
            Part::Measure(name, Kind::Share(whole)) => {
                let decimal =
                    |of: Scalar| Box::new(Scalar::Convert(Box::new(of), Encoding::Int, Encoding::Decimal(6)));
                let (part, whole) = (decimal(count(name)), decimal(count(whole)));
                let share = Scalar::Arithmetic(Arithmetic::Divide, Encoding::Decimal(6), part, whole);
                (share, Encoding::Decimal(6))
            }
        };
        pieces.push(Piece::Cell(columns.add(scalar), CellType::Plain(encoding)));
        Ok(())
    })?;
    let place = column(&facts_of, "n");
    let on = equal(of("n"), place.clone());
    let join = Join { kind: JoinKind::Left, from: subselect(measured, &counted), on: Some(on) };
    if columns.is_empty() {
        columns.add(Scalar::Int(1));
    }
    let query = Query {
        columns: columns.into_list(),
        from: Some(From { source: facts(lifecycle), alias: facts_of }),
        joins: vec![join],
        order: vec![Order { by: place, descending: false, nulls_first: false }],
        ..Query::default()
    };
    Ok((query, Form::Groups(pieces.into_vec())))
}
