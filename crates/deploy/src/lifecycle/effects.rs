//! What changed lifecycles do to the records that stand in them.

use expr::{Encoding, Value};
use metadata::catalog::{Lifecycle, Transition};
use metadata::difference::Detail;
use sql::{Compare, Scalar};

use super::held::Demand;
use super::replay::{self, Moves};
use super::scripted::{self, Script};
use super::{StageWork, former};
use crate::error::DeployError;
use crate::plan::{Effect, Judged, Missing, Verdict, effect};
use crate::statements::{column, compare, constant, count, sample};

/// All effects, in the order of objects.
pub async fn effects(judged: &Judged<'_>, missing: &Missing) -> Result<Vec<Effect>, DeployError> {
    let mut found = Vec::new();
    for work in &judged.work.stages {
        found.extend(gone(judged, work).await?);
    }
    for lifecycle in judged.new.lifecycles.values() {
        let Some(before) = former(judged.sides(), lifecycle) else { continue };
        for (index, way) in lifecycle.transitions.iter().enumerate() {
            if let Some(old) = metadata::difference::counterpart(lifecycle, index, before) {
                let pair = Pair { lifecycle, before, way, old };
                found.extend(demands(judged, missing, &pair).await?);
            }
        }
    }
    Ok(found)
}

/// A transition as it will be and as it was.
struct Pair<'a> {
    lifecycle: &'a Lifecycle,
    before: &'a Lifecycle,
    way: &'a Transition,
    old: &'a Transition,
}

/// What changed demands of a transition do.
async fn demands(
    judged: &Judged<'_>,
    missing: &Missing,
    pair: &Pair<'_>,
) -> Result<Vec<Effect>, DeployError> {
    let Pair { lifecycle, before, way, old } = pair;
    let changed = |change: &metadata::difference::Change| match &change.detail {
        Detail::TransitionChanged { lifecycle: of, transition, what }
            if *of == lifecycle.name && *transition == way.name =>
        {
            Some(what.clone())
        }
        _ => None,
    };
    let what = judged.changes.iter().find_map(changed).unwrap_or_default();
    let moves = Moves::new(judged, (before, old), lifecycle);
    let mut found = Vec::new();
    if ["guard", "needs", "requires"].iter().any(|demand| what.contains(demand))
        && let Some(demand) = Demand::new(judged, missing, lifecycle, way)?
        && demand.place.is_some()
    {
        found.extend(held(judged, before, way, &demand).await?);
        if let Some(moves) = &moves {
            found.extend(replay::refused(moves, way, &demand).await?);
        }
    }
    if let Some(path) = scripted::changed(judged, way, what.contains(&"guard")) {
        let Some(script) = Script::new(judged, &lifecycle.object, path) else { return Ok(found) };
        found.extend(script.held(before, way).await?);
        if let Some(moves) = &moves {
            found.extend(script.refused(moves, way).await?);
        }
    }
    Ok(found)
}

/// Records in stages that go.
async fn gone(judged: &Judged<'_>, work: &StageWork) -> Result<Vec<Effect>, DeployError> {
    let mut found = Vec::new();
    for lost in &work.lost {
        let rule = match &lost.stage {
            Some(stage) => format!("stage:{}.{stage}", lost.lifecycle),
            None => format!("lifecycle:{}", lost.lifecycle),
        };
        let filter = standing(work, &lost.lifecycle, lost.stage.as_deref());
        found.push(told(judged, work, rule, filter, Verdict::Refused).await?);
    }
    for (lifecycle, stages) in &work.moved {
        let former =
            work.renamed.iter().find(|(_, name)| name == lifecycle).map_or(lifecycle, |(old, _)| old);
        for stage in stages.keys() {
            let filter = standing(work, former, Some(stage));
            found.push(told(judged, work, format!("stage:{former}.{stage}"), filter, Verdict::Told).await?);
        }
    }
    Ok(found)
}

fn standing(work: &StageWork, lifecycle: &str, stage: Option<&str>) -> Scalar {
    let text = |value: &str| constant(Value::Text(value.to_owned()), Encoding::Text);
    let mut all = vec![compare(Compare::Equal, column(&work.columns.lifecycle.name), text(lifecycle))];
    all.extend(stage.map(|stage| compare(Compare::Equal, column(&work.columns.stage.name), text(stage))));
    Scalar::And(all)
}

async fn told(
    judged: &Judged<'_>,
    work: &StageWork,
    rule: String,
    filter: Scalar,
    verdict: Verdict,
) -> Result<Effect, DeployError> {
    let rows = count(judged.tenant, &work.table, filter.clone(), &[]).await?;
    let ids = if rows == 0 { Vec::new() } else { sample(judged.tenant, &work.table, filter, &[]).await? };
    Ok(effect(&work.object.name, rule, rows, ids, verdict))
}

/// Records that wait for the move and that the new demands would hold.
async fn held(
    judged: &Judged<'_>,
    before: &Lifecycle,
    way: &Transition,
    demand: &Demand,
) -> Result<Option<Effect>, DeployError> {
    let Some(place) = &demand.place else { return Ok(None) };
    let filter = Scalar::And(vec![place.waiting(before, way), demand.unmet()]);
    let rows = count(judged.tenant, &demand.table, filter.clone(), &demand.values).await?;
    if rows == 0 {
        return Ok(None);
    }
    let ids = sample(judged.tenant, &demand.table, filter, &demand.values).await?;
    Ok(Some(effect(&demand.object, format!("held:{}", way.name), rows, ids, Verdict::Told)))
}
