//! Where a record stands in its lifecycle, and what the log of stages tells.

use std::sync::Arc;

use expr::{Slot, Value};
use metadata::Name;
use query::request::{
    AgingPart, FunnelPart, Keyed, Length, LifecyclePart, LifecycleRead, MissingPart, MovePart, Period,
    StageFact, StageRead, StayList, StayPart, Told, Velocity, VelocityPart,
};
use serde_json::Value as Json;

use super::Lowering;
use super::failure::{Arguments, Failures};
use super::groups::bucket_of;
use super::selection::keyed;
use super::value::read_value;
use crate::document::Collected;
use crate::schema::field::ValueType;
use crate::surface::Analysis;

impl<'d> Lowering<'_, 'd> {
    /// `Opportunity.lifecycle`
    pub(super) fn lifecycle(
        &mut self,
        object: &Name,
        field: &Collected<'d>,
    ) -> Result<LifecycleRead, Failures> {
        let names = self.surface.names(object);
        let arguments = self.arguments(&names.base, field)?;
        let as_of = self.as_of(field, &arguments)?;
        let ty = names.with("Lifecycle");
        let mut parts = Vec::new();
        for part in self.collect(&ty, field.sets())? {
            let item = match part.name {
                "__typename" => LifecyclePart::TypeName(Arc::from(ty.as_str())),
                "name" => LifecyclePart::Name,
                "title" => LifecyclePart::Title,
                "stage" => LifecyclePart::Stage,
                "enteredAt" => LifecyclePart::EnteredAt,
                "pass" => LifecyclePart::Pass,
                "moves" if as_of.is_some() => {
                    let message = "moves are told of the present, not of another time";
                    return Err(vec![self.error(&part, message)]);
                }
                "moves" => LifecyclePart::Moves(self.moves(&names.with("Move"), &part)?),
                "history" => LifecyclePart::History(self.within(&part, |this| this.stays(&ty, &part))?),
                _ => return Err(self.unknown(&ty, &part)),
            };
            parts.push(keyed(&part, item));
        }
        Ok(LifecycleRead { as_of, parts })
    }

    fn moves(&self, ty: &str, field: &Collected<'d>) -> Result<Vec<Keyed<MovePart>>, Failures> {
        self.plain(ty, field, |part| {
            Ok(Some(match part.name {
                "__typename" => MovePart::TypeName(Arc::from(ty)),
                "to" => MovePart::To,
                "allowed" => MovePart::Allowed,
                "missing" => MovePart::Missing(self.plain("WriteError", part, |part| {
                    Ok(Some(match part.name {
                        "__typename" => MissingPart::TypeName,
                        "code" => MissingPart::Code,
                        "path" => MissingPart::Path,
                        "rule" => MissingPart::Rule,
                        "message" => MissingPart::Message,
                        "scriptLine" => MissingPart::ScriptLine,
                        "index" => MissingPart::Index,
                        _ => return Ok(None),
                    }))
                })?),
                _ => return Ok(None),
            }))
        })
    }

    fn stays(&mut self, ty: &str, field: &Collected<'d>) -> Result<StayList, Failures> {
        let arguments = self.arguments(ty, field)?;
        let number = |name: &str| arguments.get(name).and_then(Json::as_i64);
        let (first, last) = (number("first"), number("last"));
        for (name, value) in [("first", first), ("last", last)] {
            if value.is_some_and(|size| !(0..=query::cost::LARGEST_PAGE).contains(&size)) {
                let message = format!("{name} must be from 0 to {}", query::cost::LARGEST_PAGE);
                return Err(vec![self.argument_error(field, name, message)]);
            }
        }
        if first.is_some() && last.is_some() {
            return Err(vec![self.argument_error(field, "last", "first and last cannot be combined")]);
        }
        let size = self.slot(first.or(last).map_or(Value::Null, Value::Int))?;
        let after = self.stay_id(field, "after", &arguments)?;
        let before = self.stay_id(field, "before", &arguments)?;
        let parts = self.plain("StageStay", field, |part| {
            Ok(Some(match part.name {
                "__typename" => StayPart::TypeName,
                "id" => StayPart::Id,
                "lifecycle" => StayPart::Lifecycle,
                "transition" => StayPart::Transition,
                "from" => StayPart::From,
                "to" => StayPart::To,
                "pass" => StayPart::Pass,
                "enteredAt" => StayPart::EnteredAt,
                "leftAt" => StayPart::LeftAt,
                "leftTo" => StayPart::LeftTo,
                "days" => StayPart::Days,
                "actor" => StayPart::Actor,
                "user" => StayPart::User,
                "cause" => StayPart::Cause,
                "detail" => StayPart::Detail,
                "reason" => StayPart::Reason,
                _ => return Ok(None),
            }))
        })?;
        Ok(StayList { size, backward: last.is_some(), after, before, parts })
    }

    fn stay_id(
        &mut self,
        field: &Collected<'d>,
        name: &str,
        arguments: &Arguments,
    ) -> Result<Option<Slot>, Failures> {
        match arguments.get(name) {
            None | Some(Json::Null) => Ok(None),
            given => {
                let id = self.id(field, name, given)?;
                self.slot(Value::Id(id)).map(Some)
            }
        }
    }

    /// The argument `asOf`.
    pub(super) fn as_of(
        &mut self,
        field: &Collected<'d>,
        arguments: &Arguments,
    ) -> Result<Option<Slot>, Failures> {
        self.instant(field, "asOf", arguments)
    }

    fn instant(
        &mut self,
        field: &Collected<'d>,
        name: &str,
        arguments: &Arguments,
    ) -> Result<Option<Slot>, Failures> {
        let Some(json) = arguments.get(name).filter(|json| !json.is_null()) else { return Ok(None) };
        let value = read_value(&ValueType::DateTime, json).map_err(|expected| {
            let error = self.argument_error(field, name, format!("{name}: {json} is no instant"));
            vec![error.explained(Some(expected.to_owned()), None)]
        })?;
        self.slot(value).map(Some)
    }

    /// Does something at the instant in a slot: what is relative is counted from there.
    pub(super) fn then<T>(
        &mut self,
        at: Option<Slot>,
        act: impl FnOnce(&mut Self) -> Result<T, Failures>,
    ) -> Result<T, Failures> {
        let now = self.moment;
        if let Some(Value::DateTime(at)) = at.and_then(|slot| self.values.get(usize::from(slot))) {
            self.moment.now = *at;
        }
        let result = act(self);
        self.moment = now;
        result
    }

    /// `opportunityFunnel` and its like.
    pub(super) fn analysis(
        &mut self,
        object: &Name,
        analysis: Analysis,
        field: &Collected<'d>,
    ) -> Result<StageRead, Failures> {
        let arguments = self.arguments("Query", field)?;
        let lifecycle = self.lifecycle_named(object, field, &arguments)?;
        let as_of = self.as_of(field, &arguments)?;
        let filter = self.then(as_of, |this| this.filter(object, field, &arguments))?;
        let told = match analysis {
            Analysis::Funnel => {
                let period = self.period(field, &arguments)?;
                Told::Funnel { period, parts: self.funnel_parts(field)? }
            }
            Analysis::Velocity => Told::Velocity(self.velocity(field, &arguments)?),
            Analysis::Aging => Told::Aging(self.aging_parts(field)?),
        };
        Ok(StageRead { object: object.clone(), lifecycle, filter, as_of, told })
    }

    /// The lifecycle that is asked about: the only one where none is named.
    fn lifecycle_named(
        &self,
        object: &Name,
        field: &Collected<'d>,
        arguments: &Arguments,
    ) -> Result<Name, Failures> {
        let catalog = self.catalog;
        let all: Vec<&Name> = catalog.lifecycles_of(object).map(|lifecycle| &lifecycle.name).collect();
        let named = arguments.get("lifecycle").and_then(Json::as_str);
        let refuse = |message: String| {
            vec![self.argument_error(field, "lifecycle", message).explained(Some(joined(&all)), None)]
        };
        match (named, all.as_slice()) {
            (None, [only]) => Ok((*only).clone()),
            (None, _) => Err(refuse(format!("{object} has several lifecycles: say which"))),
            (Some(name), known) => known
                .iter()
                .find(|one| one.as_str() == name)
                .map(|one| (*one).clone())
                .ok_or_else(|| refuse(format!("{object} has no lifecycle {name}"))),
        }
    }

    fn period(&mut self, field: &Collected<'d>, arguments: &Arguments) -> Result<Period, Failures> {
        Ok(Period {
            from: self.instant(field, "from", arguments)?,
            to: self.instant(field, "to", arguments)?,
        })
    }

    fn funnel_parts(&self, field: &Collected<'d>) -> Result<Vec<Keyed<FunnelPart>>, Failures> {
        self.plain("FunnelStage", field, |part| {
            Ok(Some(match part.name {
                "__typename" => FunnelPart::TypeName(Arc::from("FunnelStage")),
                "entered" => FunnelPart::Entered,
                "stays" => FunnelPart::Stays,
                "present" => FunnelPart::Present,
                "advanced" => FunnelPart::Advanced,
                "conversion" => FunnelPart::Conversion,
                "won" => FunnelPart::Won,
                "lost" => FunnelPart::Lost,
                name => return Ok(fact(name).map(FunnelPart::Fact)),
            }))
        })
    }

    fn aging_parts(&self, field: &Collected<'d>) -> Result<Vec<Keyed<AgingPart>>, Failures> {
        self.plain("AgingStage", field, |part| {
            Ok(Some(match part.name {
                "__typename" => AgingPart::TypeName(Arc::from("AgingStage")),
                "count" => AgingPart::Count,
                "overdue" => AgingPart::Overdue,
                "oldest" => AgingPart::Oldest,
                name => return Ok(length(name).map(AgingPart::Days).or(fact(name).map(AgingPart::Fact))),
            }))
        })
    }

    fn velocity(&mut self, field: &Collected<'d>, arguments: &Arguments) -> Result<Velocity, Failures> {
        let period = self.period(field, arguments)?;
        let by = arguments.get("by").and_then(Json::as_str).and_then(bucket_of);
        let zone = self.slot(Value::Text(self.moment.zone.name().to_owned()))?;
        let pass = match arguments.get("pass").and_then(Json::as_i64) {
            Some(pass) => Some(self.slot(Value::Int(pass))?),
            None => None,
        };
        let from_stage = self.text_slot("fromStage", arguments)?;
        let to_stage = self.text_slot("toStage", arguments)?;
        let first = arguments.get("first").and_then(Json::as_i64);
        if first.is_some_and(|size| !(0..=query::cost::LARGEST_PAGE).contains(&size)) {
            let message = format!("first must be from 0 to {}", query::cost::LARGEST_PAGE);
            return Err(vec![self.argument_error(field, "first", message)]);
        }
        let size = self.slot(first.map_or(Value::Null, Value::Int))?;
        let parts = self.plain("StageVelocity", field, |part| {
            Ok(Some(match part.name {
                "__typename" => VelocityPart::TypeName(Arc::from("StageVelocity")),
                "from" => VelocityPart::From,
                "to" => VelocityPart::To,
                "bucket" => VelocityPart::Bucket,
                "count" => VelocityPart::Count,
                name => return Ok(length(name).map(VelocityPart::Days)),
            }))
        })?;
        Ok(Velocity { period, by, zone, pass, from_stage, to_stage, size, parts })
    }

    fn text_slot(&mut self, name: &str, arguments: &Arguments) -> Result<Option<Slot>, Failures> {
        match arguments.get(name).and_then(Json::as_str) {
            Some(text) => self.slot(Value::Text(text.to_owned())).map(Some),
            None => Ok(None),
        }
    }
}

fn joined(names: &[&Name]) -> String {
    names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
}

fn length(name: &str) -> Option<Length> {
    Some(match name {
        "meanDays" => Length::Mean,
        "p50Days" => Length::Median,
        "p90Days" => Length::NinetyPercent,
        _ => return None,
    })
}

fn fact(name: &str) -> Option<StageFact> {
    Some(match name {
        "stage" => StageFact::Name,
        "title" => StageFact::Title,
        "kind" => StageFact::Kind,
        "journey" => StageFact::Journey,
        "phase" => StageFact::Phase,
        "probability" => StageFact::Probability,
        "expected" => StageFact::Expected,
        _ => return None,
    })
}
