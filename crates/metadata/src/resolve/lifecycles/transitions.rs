//! What a transition demands and does, checked.

use std::collections::HashSet;
use std::sync::Arc;

use expr::{Duration, Expr, Type};
use indexmap::IndexMap;

use super::stages::{duration, known_stage, offset};
use super::{DraftLifecycle, DraftTransition};
use crate::catalog::{Auto, FieldType, FunctionPath, Guard, Script, StageKind, Transition};
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::{AutoDocument, OneOrMany, TimedDocument};
use crate::hint::did_you_mean;
use crate::json::escape;
use crate::name::Name;
use crate::resolve::conditions::is_choice;
use crate::resolve::draft::DraftObject;
use crate::resolve::expressions::{DraftScope, expression, filter};
use crate::resolve::report::{At, Report};

/// Every stage that is neither won nor lost.
const EVERYWHERE: &str = "*";

/// What expressions and script paths of a document are held against.
pub struct Setting<'a> {
    /// Whose records it is about.
    pub object: &'a DraftObject,
    /// The names that expressions may use.
    pub scope: &'a DraftScope<'a>,
    /// All scripts.
    pub scripts: &'a [Script],
}

/// The transition with its stages spelled out; `None` when it leads nowhere.
pub fn transition(
    lifecycle: &DraftLifecycle,
    drafted: &DraftTransition,
    setting: &Setting<'_>,
    report: &mut Report,
) -> Option<Transition> {
    let DraftTransition { doc, at, .. } = drafted;
    let to = known_stage(lifecycle, doc.to.as_deref()?, &at.below("/to"), report);
    let from = from(lifecycle, doc.from.as_ref()?, to.as_deref(), &at.below("/from"), report);
    let guard = doc
        .guard
        .as_deref()
        .and_then(|text| guard(text, setting, (&drafted.guard_of, &at.below("/guard")), report));
    let needs = doc.needs.as_ref().and_then(|needs| {
        let json = serde_json::Value::Object(needs.clone());
        filter(&json, setting.scope, &setting.object.name, &at.below("/needs"), report).ok().flatten()
    });
    let requires = requires(&doc.requires, setting.object, &at.below("/requires"), report);
    let set = set_fields(&doc.set, setting, codes::BAD_TRANSITION, &at.below("/set"), report);
    let of = (drafted.then_of.as_str(), setting.scripts);
    let then =
        doc.then.as_deref().and_then(|text| known_function(text.trim(), of, &at.below("/then"), report));
    let auto = doc.auto.as_ref().and_then(|auto| auto_of(auto, setting.object, &at.below("/auto"), report));
    Some(Transition {
        name: drafted.name.clone(),
        named: doc.name.is_some(),
        package: drafted.package.clone(),
        title: doc.title.clone(),
        from,
        to: to?,
        guard,
        needs,
        needs_text: doc.needs.clone().map(|needs| serde_json::Value::Object(needs).to_string()),
        requires,
        roles: doc.roles.iter().filter_map(|role| Name::new(role).ok()).collect(),
        reason: doc.reason,
        set,
        then,
        auto,
        message: doc.message.clone(),
    })
}

/// The stages that it leads out of.
fn from(
    lifecycle: &DraftLifecycle,
    doc: &OneOrMany,
    to: Option<&str>,
    at: &At,
    report: &mut Report,
) -> Vec<Arc<str>> {
    let (names, is_list) = match doc {
        OneOrMany::One(one) if one == EVERYWHERE => {
            let open = lifecycle.stages.iter().filter(|(name, stage)| {
                let kind = stage.doc.kind.map(StageKind::from).unwrap_or_default();
                !matches!(kind, StageKind::Won | StageKind::Lost) && Some(&***name) != to
            });
            return open.map(|(name, _)| Arc::clone(name)).collect();
        }
        OneOrMany::One(one) => (std::slice::from_ref(one), false),
        OneOrMany::Many(many) => (many.as_slice(), true),
    };
    let mut found: Vec<Arc<str>> = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let at = if is_list { at.below(&format!("/{index}")) } else { at.clone() };
        if is_list && name == EVERYWHERE {
            let mut finding = Finding::new(codes::BAD_TRANSITION, "", "`*` stands for itself, not in a list");
            finding.expected = Some("\"from\": \"*\"".to_owned());
            report.error(&at, finding);
            continue;
        }
        let Some(stage) = known_stage(lifecycle, name, &at, report) else { continue };
        if Some(&*stage) == to {
            let message = format!("The transition leads from `{stage}` to itself, which is no move");
            report.warn(&at, Finding::new(codes::IDLE_TRANSITION, "", message));
        } else if !found.contains(&stage) {
            found.push(stage);
        }
    }
    found
}

/// `word::word`, in two parts.
pub fn function_path(text: &str) -> Option<(&str, &str)> {
    let (module, function) = text.split_once("::")?;
    let is_word = |word: &str| {
        let mut bytes = word.bytes();
        bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
            && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    (is_word(module) && is_word(function)).then_some((module, function))
}

fn guard(
    text: &str,
    setting: &Setting<'_>,
    (package, at): (&str, &At),
    report: &mut Report,
) -> Option<Guard> {
    if function_path(text.trim()).is_some() {
        return known_function(text.trim(), (package, setting.scripts), at, report).map(Guard::Script);
    }
    let expr = expression(text, setting.scope, &setting.object.name, Some(&Type::Bool), at, report);
    expr.map(Guard::Expr)
}

/// The function of a script of the package or of one of its plugins. Whether the script has it is found when it is compiled.
pub fn known_function(
    text: &str,
    (package, scripts): (&str, &[Script]),
    at: &At,
    report: &mut Report,
) -> Option<FunctionPath> {
    let Some((module, function)) = function_path(text) else {
        let mut finding =
            Finding::new(codes::UNKNOWN_SCRIPT, "", format!("`{text}` is not the path of a script function"));
        finding.expected = Some("module::function, such as lead::readyForSales".to_owned());
        finding.found = Some(text.to_owned());
        report.error(at, finding);
        return None;
    };
    let of_package = || scripts.iter().filter(|script| script.package == package);
    if !of_package().any(|script| script.module == module) {
        let message = format!("The package `{package}` has neither a script nor a plugin `{module}`");
        let mut finding = Finding::new(codes::UNKNOWN_SCRIPT, "", message);
        finding.expected =
            Some(format!("scripts/{module}.rhai, or `{module}` among the plugins of package.json"));
        finding.found = Some(text.to_owned());
        finding.hint = did_you_mean(module, of_package().map(|script| script.module.as_str()))
            .map(|meant| format!("did you mean `{meant}::{function}`?"));
        report.error(at, finding);
        return None;
    }
    Some(FunctionPath {
        package: package.to_owned(),
        module: module.to_owned(),
        function: function.to_owned(),
    })
}

/// Fields that must have a value.
fn requires(names: &[String], object: &DraftObject, at: &At, report: &mut Report) -> Vec<Name> {
    let mut required = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let at = at.below(&format!("/{index}"));
        match object.fields.get(name.as_str()).map(|drafted| &drafted.field) {
            None => object.unknown_field(name, &at, report),
            Some(field) if matches!(field.ty, FieldType::Many(_)) => {
                let message =
                    format!("`{name}` is a relation to many records, which has no value of its own");
                let mut finding = Finding::new(codes::BAD_TRANSITION, "", message);
                finding.found = Some(name.clone());
                finding.hint = Some(format!("\"needs\": {{\"{name}\": {{\"some\": {{}}}}}} demands one"));
                report.error(&at, finding);
            }
            Some(field) => required.push(field.name.clone()),
        }
    }
    required
}

/// Fields that are computed from the record as it is then.
pub fn set_fields(
    documents: &IndexMap<String, String>,
    setting: &Setting<'_>,
    code: &'static str,
    at: &At,
    report: &mut Report,
) -> Vec<(Name, Expr)> {
    let mut set = Vec::new();
    for (name, text) in documents {
        let place = at.below(&format!("/{}", escape(name)));
        let Some(field) = setting.object.fields.get(name.as_str()).map(|drafted| &drafted.field) else {
            setting.object.unknown_field(name, &place, report);
            continue;
        };
        let ty = field.ty.expr_type().filter(|_| field.writable());
        let Some(ty) = ty.filter(|_| code != codes::BAD_TRANSITION || name != "stage") else {
            let message = if field.writable() && name != "stage" {
                format!(
                    "`{name}` ({}) is no single value that an expression yields",
                    crate::field::type_name(&field.ty)
                )
            } else {
                format!("`{name}` is computed or kept by the platform, so it is not set")
            };
            let mut finding = Finding::new(code, "", message);
            finding.key = true;
            finding.found = Some(name.clone());
            report.error(&place, finding);
            continue;
        };
        let expr = expression(text, setting.scope, &setting.object.name, Some(&ty), &place, report);
        let expr = expr.filter(|expr| is_choice(field, expr, &place, report));
        set.extend(expr.map(|expr| (field.name.clone(), expr)));
    }
    set
}

fn auto_of(doc: &AutoDocument, object: &DraftObject, at: &At, report: &mut Report) -> Option<Auto> {
    let timed = match doc {
        AutoDocument::Flag(true) => return Some(Auto::Condition),
        AutoDocument::Flag(false) => return None,
        AutoDocument::Timed(timed) => timed,
    };
    let TimedDocument { stage_age, date, offset } = timed;
    match (stage_age, date) {
        (Some(age), None) if offset.is_none() => {
            duration(Some(age), &at.below("/stageAge"), report).map(Auto::StageAge)
        }
        (None, Some(date)) => {
            let (field, offset) =
                date_of((date, offset.as_deref()), object, codes::BAD_TRANSITION, at, report)?;
            Some(Auto::Date { field, offset })
        }
        _ => {
            let mut finding =
                Finding::new(codes::BAD_TRANSITION, "", "By what time it is taken is not clear");
            finding.expected =
                Some("{\"stageAge\": \"30d\"} or {\"date\": \"endDate\", \"offset\": \"1d\"}".to_owned());
            report.error(at, finding);
            None
        }
    }
}

/// A date of the record with an offset.
pub fn date_of(
    (date, moved): (&str, Option<&str>),
    object: &DraftObject,
    code: &'static str,
    at: &At,
    report: &mut Report,
) -> Option<(Name, Duration)> {
    let offset = match moved {
        None => Some(Duration::default()),
        Some(text) => offset(text, &at.below("/offset"), report),
    };
    let at = at.below("/date");
    let Some(field) = object.fields.get(date).map(|drafted| &drafted.field) else {
        object.unknown_field(date, &at, report);
        return None;
    };
    if !matches!(field.ty.expr_type(), Some(Type::Date | Type::DateTime)) {
        let mut finding = Finding::new(code, "", format!("`{date}` is no date"));
        finding.expected = Some("a field of type date or dateTime".to_owned());
        finding.found = Some(crate::field::type_name(&field.ty).to_owned());
        report.error(&at, finding);
        return None;
    }
    Some((field.name.clone(), offset?))
}

/// Names that stand twice, and such as are none.
pub fn names(lifecycle: &DraftLifecycle, report: &mut Report) {
    let mut seen: HashSet<&str> = HashSet::new();
    for drafted in &lifecycle.transitions {
        if let Some(name) = &drafted.doc.name {
            super::checked_name(name, &drafted.at, "/name", report);
        }
        if seen.insert(&drafted.name) {
            continue;
        }
        if drafted.doc.name.is_some() {
            let message = format!("The lifecycle has another transition `{}`", drafted.name);
            report.error(&drafted.at, Finding::new(codes::DUPLICATE_NAME, "/name", message));
        } else {
            let message =
                format!("Two transitions are called `{}`; give one a name to tell them apart", drafted.name);
            report.warn(&drafted.at, Finding::new(codes::DUPLICATE_NAME, "", message));
        }
    }
}
