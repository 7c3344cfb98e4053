//! Expressions and filters of documents, checked against the objects being resolved.

use std::cell::Cell;
use std::sync::Arc;

use expr::filter::Values;
use expr::{Expr, Member, Scope, Staged, Type};

use super::draft::Draft;
use super::lifecycles::DraftLifecycle;
use super::report::{At, Report};
use crate::catalog::Package;
use crate::codes;
use crate::diagnostic::Finding;
use crate::json::escape;
use crate::name::Name;
use crate::scope::member_of;

/// Names over objects that are being resolved. Remembers whether a name was asked for that is there but faulty.
pub struct DraftScope<'a> {
    draft: &'a Draft,
    settings: Option<&'a Package>,
    /// Whether the settings of the package could not be read.
    settings_broken: bool,
    touched_broken: Cell<bool>,
}

impl<'a> DraftScope<'a> {
    /// The names that a document of that package may use.
    pub fn new(draft: &'a Draft, packages: &'a indexmap::IndexMap<String, Package>, package: &str) -> Self {
        let settings = packages.get(package);
        Self { draft, settings, settings_broken: settings.is_none(), touched_broken: Cell::new(false) }
    }
}

impl Scope for DraftScope<'_> {
    fn member(&self, object: &str, name: &str) -> Option<Member> {
        let found = self.draft.objects.get(object).and_then(|object| object.fields.get(name));
        if found.is_none() && self.draft.is_broken(object, name) {
            self.touched_broken.set(true);
        }
        found.map(|drafted| member_of(&drafted.field))
    }

    fn members(&self, object: &str) -> Vec<Arc<str>> {
        self.draft
            .objects
            .get(object)
            .map(|o| o.fields.keys().map(Name::shared).collect())
            .unwrap_or_default()
    }

    fn setting(&self, name: &str) -> Option<Type> {
        if self.settings_broken {
            self.touched_broken.set(true);
        }
        self.settings?.settings.get(name).map(|setting| setting.ty.clone())
    }

    fn lifecycles(&self, object: &str) -> Vec<Staged> {
        let of = self.draft.lifecycles.values().filter(|lifecycle| &*lifecycle.object == object);
        let staged = |lifecycle: &DraftLifecycle| Staged {
            name: lifecycle.name.shared(),
            stages: lifecycle.stages.keys().cloned().collect(),
        };
        of.map(staged).collect()
    }
}

/// Reads an expression that stands at `at`; `None` when it is faulty or rests on something faulty.
pub fn expression(
    text: &str,
    scope: &DraftScope<'_>,
    object: &Name,
    expected: Option<&Type>,
    at: &At,
    report: &mut Report,
) -> Option<Expr> {
    scope.touched_broken.set(false);
    match expr::parse(text, scope, object, expected) {
        Ok(expr) => Some(expr),
        Err(_) if scope.touched_broken.get() => None,
        Err(problems) => {
            for problem in problems {
                let finding = Finding {
                    code: code_of(problem.code, codes::BAD_EXPRESSION),
                    pointer: String::new(),
                    key: false,
                    message: problem.message,
                    expected: problem.expected,
                    found: problem.found,
                    hint: problem.hint,
                };
                report.error_in_text(at, finding, problem.span.start as usize);
            }
            None
        }
    }
}

/// Reads a filter that stands at `at`; `Ok(None)` when it selects everything, `Err` when it is faulty.
pub fn filter(
    json: &serde_json::Value,
    scope: &DraftScope<'_>,
    object: &Name,
    at: &At,
    report: &mut Report,
) -> Result<Option<Expr>, ()> {
    read_filter((json, Values::Inline), scope, object, at, report)
}

/// The same for the scope of a role, where `$user`, `$user.field` and `$today` stand for facts of the request.
pub fn scope_filter(
    json: &serde_json::Value,
    scope: &DraftScope<'_>,
    object: &Name,
    at: &At,
    report: &mut Report,
) -> Result<Option<Expr>, ()> {
    read_filter((json, Values::Acting), scope, object, at, report)
}

fn read_filter(
    (json, mut values): (&serde_json::Value, Values),
    scope: &DraftScope<'_>,
    object: &Name,
    at: &At,
    report: &mut Report,
) -> Result<Option<Expr>, ()> {
    scope.touched_broken.set(false);
    match expr::filter::read(json, scope, object, &mut values) {
        Ok(expr) => Ok(expr),
        Err(_) if scope.touched_broken.get() => Err(()),
        Err(problems) => {
            for problem in problems {
                let pointer = problem.path.iter().fold(String::new(), |way, step| way + "/" + &escape(step));
                let finding = Finding {
                    code: code_of(problem.code, codes::BAD_FILTER),
                    pointer,
                    key: problem.code == expr::code::UNKNOWN_NAME
                        || problem.code == expr::code::UNKNOWN_OPERATOR,
                    message: problem.message,
                    expected: problem.expected,
                    found: problem.found,
                    hint: problem.hint,
                };
                report.error(at, finding);
            }
            Err(())
        }
    }
}

/// A name that is not there is an unknown field wherever it is written; the rest is said by the message.
fn code_of(code: &'static str, other: &'static str) -> &'static str {
    if code == expr::code::UNKNOWN_NAME { codes::UNKNOWN_FIELD } else { other }
}
