//! One case: its steps, then what is expected of it.

use metadata::document::{PackageTest, TestAct, TestCase, TestRefusal};
use serde_json::{Value as Json, json};

use super::bed::{Bed, Ground};
use super::compare::{self, differences};
use super::report::{Problem, Tally};
use super::step::{self, Done, No};
use super::{TestError, log, moment};

/// Tries a case on a copy of the ground; what came out otherwise than expected.
pub(super) async fn run(
    ground: &Ground,
    test: &PackageTest,
    case: &TestCase,
    tally: &mut Tally,
) -> Result<Vec<Problem>, TestError> {
    if !ground.problems.is_empty() {
        return Ok(ground.problems.clone());
    }
    let at = case.at.as_deref().or(test.at.as_deref());
    let mut bed = ground.copy(moment(at).max(ground.at)).await?;
    let mut problems = bed.given("given", &case.given).await?;
    let begun = log::mark(&bed).await?;
    if problems.is_empty() {
        problems = tried(&mut bed, case, tally).await?;
    }
    log::tell(&bed, &begun, tally).await?;
    bed.close().await;
    Ok(problems)
}

async fn tried(bed: &mut Bed, case: &TestCase, tally: &mut Tally) -> Result<Vec<Problem>, TestError> {
    let wanted = looked_at(case);
    let mut last: Result<Done, Vec<No>> = Ok(Done::Nothing);
    for (number, step) in case.when.iter().enumerate() {
        let place = format!("when/{number}");
        let Some(act) = step.act() else {
            return Ok(vec![Problem::new(place, "the step says nothing, or several things at once")]);
        };
        let caller = bed.caller(step.user.as_deref().or(case.user.as_deref())).await?;
        last = step::take(bed, &act, &caller, &wanted).await?;
        let Err(refusals) = &last else { continue };
        for rule in rules(refusals) {
            tally.refused(rule);
        }
        if number + 1 < case.when.len() {
            let said = refusals.iter().map(|no| {
                Problem::other(
                    &place,
                    format!("the step is refused, and it is not the last one: {}", no.message),
                    Json::Null,
                    told(no),
                )
            });
            return Ok(said.collect());
        }
    }
    let mut problems = refusal(case, &last);
    problems.extend(shown(bed, case, &last));
    problems.extend(records(bed, case).await?);
    Ok(problems)
}

/// Each rule once, though it may have said several things.
fn rules(refusals: &[No]) -> Vec<&str> {
    let mut rules: Vec<&str> = refusals.iter().filter_map(|no| no.rule.as_deref()).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// The fields that the case looks at in what its last step shows.
fn looked_at(case: &TestCase) -> Vec<String> {
    let of = |json: &Json| json.as_object().map(|fields| fields.keys().cloned().collect::<Vec<_>>());
    match &case.expect.result {
        Some(Json::Array(items)) => items.iter().filter_map(of).flatten().collect(),
        Some(one) => of(one).unwrap_or_default(),
        None => Vec::new(),
    }
}

fn refusal(case: &TestCase, last: &Result<Done, Vec<No>>) -> Vec<Problem> {
    const PLACE: &str = "expect/refused";
    match (&case.expect.refused, last) {
        (None, Ok(_)) => Vec::new(),
        (Some(_), Ok(_)) => {
            vec![Problem::new(PLACE, "the last step was to be refused, and it was not")]
        }
        (None, Err(refusals)) => refusals
            .iter()
            .map(|no| {
                Problem::other(
                    PLACE,
                    format!("the last step is refused: {}", no.message),
                    Json::Null,
                    told(no),
                )
            })
            .collect(),
        (Some(expected), Err(refusals)) if refusals.iter().any(|no| fits(expected, no)) => Vec::new(),
        (Some(expected), Err(refusals)) => vec![Problem::other(
            PLACE,
            "the last step is refused for another reason",
            wanted(expected),
            refusals.iter().map(told).collect(),
        )],
    }
}

fn fits(expected: &TestRefusal, no: &No) -> bool {
    let same = |expected: &Option<String>, found: Option<&str>| {
        expected.as_deref().is_none_or(|expected| found == Some(expected))
    };
    same(&expected.code, Some(&no.code))
        && same(&expected.rule, no.rule.as_deref())
        && same(&expected.path, no.path.as_deref())
        && expected.message.as_deref().is_none_or(|part| no.message.contains(part))
}

fn wanted(expected: &TestRefusal) -> Json {
    without_null(json!({
        "code": expected.code, "rule": expected.rule, "path": expected.path, "message": expected.message,
    }))
}

fn told(no: &No) -> Json {
    without_null(json!({"code": no.code, "rule": no.rule, "path": no.path, "message": no.message}))
}

fn without_null(mut json: Json) -> Json {
    if let Some(members) = json.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    json
}

/// What the last `get` or `find` was to show.
fn shown(bed: &Bed, case: &TestCase, last: &Result<Done, Vec<No>>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let Ok(done) = last else { return problems };
    if let Some(count) = case.expect.count {
        let found = match done {
            Done::Many(items) => items.len() as u64,
            Done::One(_) => 1,
            Done::Nothing => 0,
        };
        if found != count {
            let message = format!("{count} record(s) were to be shown, {found} are");
            problems.push(Problem::other("expect/count", message, json!(count), json!(found)));
        }
    }
    if let Some(result) = &case.expect.result {
        let found = match done {
            Done::Many(items) => Json::Array(items.clone()),
            Done::One(item) => item.clone(),
            Done::Nothing => Json::Null,
        };
        problems.extend(differences(bed, "expect/result", result, &found));
    }
    problems
}

/// What the records look like, seen by somebody with all rights.
async fn records(bed: &mut Bed, case: &TestCase) -> Result<Vec<Problem>, TestError> {
    let mut problems = Vec::new();
    for (record, fields) in &case.expect.records {
        let place = format!("expect/records/{record}");
        let names: Vec<String> = fields.keys().cloned().collect();
        let caller = bed.everything.clone();
        match step::take(bed, &TestAct::Get { record }, &caller, &names).await? {
            Ok(Done::One(found)) => {
                problems.extend(compare::fields(bed, &place, fields, &found));
            }
            Ok(_) => problems.push(Problem::new(place, "the record cannot be read")),
            Err(refusals) => {
                problems.extend(refusals.iter().map(|no| Problem::new(&place, no.message.clone())));
            }
        }
    }
    Ok(problems)
}
