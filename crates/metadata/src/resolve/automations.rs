//! Automations: their triggers, what they do, and whether that fits together.

use std::sync::Arc;

use chrono_tz::Tz;
use expr::Expr;
use indexmap::IndexMap;

use super::draft::{Draft, DraftObject, checked_name};
use super::expressions::{DraftScope, expression, filter};
use super::lifecycles::{self, Setting, known_function, known_stage, set_fields};
use super::load::{Documents, Loaded, Typed, bare};
use super::report::{At, Report};
use crate::catalog::{ActsAs, Automation, Package, RecordAct, RunAt, Script, Trigger};
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::{AutomationDocument, OneOrMany, TransitionTrigger, TriggerDocument};
use crate::field::made_label;
use crate::hint::did_you_mean;
use crate::name::Name;

/// Most automations of a tenant.
const MOST_AUTOMATIONS: usize = 1000;

/// What `as` says for all rights.
const SYSTEM: &str = "system";

/// All automations, in the order in which they run: of packages and of names.
pub fn automations(
    documents: &Documents,
    draft: &Draft,
    packages: &IndexMap<String, Package>,
    scripts: &[Script],
    report: &mut Report,
) -> IndexMap<Name, Arc<Automation>> {
    let mut all: Vec<(&Loaded, &AutomationDocument)> = documents
        .all
        .iter()
        .filter_map(|loaded| match &loaded.typed {
            Typed::Automation(doc) => Some((loaded, &**doc)),
            _ => None,
        })
        .collect();
    all.sort_by_key(|(loaded, doc)| (packages.get_index_of(&loaded.package), &doc.name));
    let mut automations: IndexMap<Name, Arc<Automation>> = IndexMap::new();
    for (loaded, doc) in all {
        let reading = Reading { loaded, doc, draft, packages, scripts };
        let Some(automation) = reading.automation(report) else { continue };
        if let Some(other) = automations.get(&automation.name) {
            let message =
                format!("The automation `{}` is defined already, by package `{}`", doc.name, other.package);
            report.error(&loaded.at, Finding::new(codes::DUPLICATE_NAME, "/name", message));
        } else if automations.len() == MOST_AUTOMATIONS {
            let mut finding =
                Finding::new(codes::TOO_MANY, "", "There are more automations than a tenant may have");
            finding.expected = Some(format!("at most {MOST_AUTOMATIONS} automations"));
            report.error(&loaded.at, finding);
            break;
        } else {
            automations.insert(automation.name.clone(), Arc::new(automation));
        }
    }
    automations
}

/// A document being read.
struct Reading<'a> {
    loaded: &'a Loaded,
    doc: &'a AutomationDocument,
    draft: &'a Draft,
    packages: &'a IndexMap<String, Package>,
    scripts: &'a [Script],
}

impl Reading<'_> {
    fn at(&self, pointer: &str) -> At {
        self.loaded.at.below(pointer)
    }

    fn bad(&self, pointer: &str, message: impl Into<String>, expected: &str, report: &mut Report) {
        let mut finding = Finding::new(codes::BAD_AUTOMATION, pointer, message);
        finding.expected = (!expected.is_empty()).then(|| expected.to_owned());
        report.error(&self.loaded.at, finding);
    }

    fn automation(&self, report: &mut Report) -> Option<Automation> {
        let doc = self.doc;
        let name = checked_name(&doc.name, &self.loaded.at, "/name", report);
        let renamed_from = match &doc.renamed_from {
            None => None,
            Some(former) => checked_name(former, &self.loaded.at, "/renamedFrom", report),
        };
        let object = match &doc.object {
            None => None,
            Some(named) => Some(self.object(named, report)?),
        };
        let on = self.trigger(object, report);
        let scope = DraftScope::new(self.draft, self.packages, &self.loaded.package);
        let (when, set) = if let Some(object) = object {
            self.judged(object, &scope, report)
        } else {
            self.without_object(report);
            (None, Vec::new())
        };
        let scripts = (self.loaded.package.as_str(), self.scripts);
        let then = doc
            .then
            .as_deref()
            .and_then(|text| known_function(text.trim(), scripts, &self.at("/then"), report));
        if doc.set.is_empty() && doc.then.is_none() {
            self.bad("", "The automation does nothing", "`set`, or `then` with a script function", report);
        }
        let on = on?;
        let run = self.run(&on, report);
        Some(Automation {
            name: name?,
            title: doc.title.clone().unwrap_or_else(|| made_label(&doc.name)),
            titles: self.titles(),
            description: doc.description.clone(),
            package: self.loaded.package.clone(),
            object: object.map(|object| object.name.clone()),
            on,
            run,
            when,
            set,
            then,
            principal: self.principal(report),
            renamed_from,
        })
    }

    fn titles(&self) -> IndexMap<String, String> {
        let mut titles = self.doc.titles.clone();
        let translated = self.draft.automation_titles.get(&self.doc.name);
        titles.extend(translated.into_iter().flatten().map(|(tag, title)| (tag.clone(), title.clone())));
        titles
    }

    fn object(&self, named: &str, report: &mut Report) -> Option<&DraftObject> {
        let found = self.draft.objects.get(bare(named));
        if found.is_none() && !self.draft.known.broken_objects.contains(bare(named)) {
            let message = format!("There is no object `{named}`");
            let mut finding = Finding::new(codes::UNKNOWN_OBJECT, "/object", message);
            finding.found = Some(named.to_owned());
            finding.hint = did_you_mean(bare(named), self.draft.objects.keys().map(Name::as_str))
                .map(|meant| format!("did you mean `{meant}`?"));
            report.error(&self.loaded.at, finding);
        }
        found
    }

    /// The condition, and what is set.
    fn judged(
        &self,
        object: &DraftObject,
        scope: &DraftScope<'_>,
        report: &mut Report,
    ) -> (Option<Expr>, Vec<(Name, Expr)>) {
        let when = self.doc.when.as_deref().and_then(|text| {
            expression(text, scope, &object.name, Some(&expr::Type::Bool), &self.at("/when"), report)
        });
        let setting = Setting { object, scope, scripts: self.scripts };
        (when, set_fields(&self.doc.set, &setting, codes::BAD_AUTOMATION, &self.at("/set"), report))
    }

    fn without_object(&self, report: &mut Report) {
        for (key, written) in [("when", self.doc.when.is_some()), ("set", !self.doc.set.is_empty())] {
            if written {
                let message = format!("`{key}` is about a record; this automation has none");
                self.bad(&format!("/{key}"), message, "`object`, whose records are meant", report);
            }
        }
    }

    fn principal(&self, report: &mut Report) -> ActsAs {
        match self.doc.principal.as_deref() {
            None => ActsAs::Caller,
            Some(SYSTEM | super::roles::BUILT_IN) => ActsAs::System,
            Some(role) => {
                super::roles::known_role(role, self.draft, &self.at("/as"), report);
                Name::new(role).map_or(ActsAs::Caller, ActsAs::Role)
            }
        }
    }

    /// When it runs; a clock and a message run jobs.
    fn run(&self, on: &Trigger, report: &mut Report) -> RunAt {
        let (usual, outside) = match on {
            Trigger::Record { .. } | Trigger::Transition { .. } => (RunAt::After, false),
            Trigger::Schedule { .. } | Trigger::Date { .. } | Trigger::Message(_) => (RunAt::Job, true),
        };
        let Some(run) = self.doc.run.map(RunAt::from) else { return usual };
        let moves = matches!(on, Trigger::Transition { .. });
        if outside && run != RunAt::Job {
            let message = format!("`{}` has no transaction of a record to run in", run.as_str());
            self.bad("/run", message, "job", report);
        } else if moves && run == RunAt::Before {
            let message = "A move is decided behind the `before` scripts, so none runs before it";
            self.bad("/run", message, "after or job; the transition's `set` and `guard` come before", report);
        }
        run
    }

    fn trigger(&self, object: Option<&DraftObject>, report: &mut Report) -> Option<Trigger> {
        let on = &self.doc.on;
        let said: Vec<&str> = [
            ("record", on.record.is_some()),
            ("transition", on.transition.is_some()),
            ("schedule", on.schedule.is_some()),
            ("date", on.date.is_some()),
            ("message", on.message.is_some()),
        ]
        .into_iter()
        .filter_map(|(word, said)| said.then_some(word))
        .collect();
        let &[word] = said.as_slice() else {
            let message = if said.is_empty() {
                "Nothing sets the automation off"
            } else {
                "Several things set the automation off"
            };
            self.bad("/on", message, "one of record, transition, schedule, date and message", report);
            return None;
        };
        self.strangers(word, on, report);
        if object.is_none() && word != "message" && (word != "schedule" || on.each.is_some()) {
            self.bad("/on", "Whose records are meant is not said", "`object`", report);
            return None;
        }
        match (word, object) {
            ("record", Some(object)) => self.record(on, object, report),
            ("transition", Some(object)) => self.transition(on.transition.as_ref()?, object, report),
            ("date", Some(object)) => {
                let date = (on.date.as_deref()?, on.offset.as_deref());
                let (field, offset) =
                    lifecycles::date_of(date, object, codes::BAD_AUTOMATION, &self.at("/on"), report)?;
                Some(Trigger::Date { field, offset })
            }
            ("message", _) => self.message(on.message.as_deref()?, report),
            _ => self.schedule(on, object, report),
        }
    }

    /// Keys that belong to another trigger.
    fn strangers(&self, word: &str, on: &TriggerDocument, report: &mut Report) {
        let keys = [
            ("fields", on.fields.is_some(), "record"),
            ("timeZone", on.time_zone.is_some(), "schedule"),
            ("each", on.each.is_some(), "schedule"),
            ("offset", on.offset.is_some(), "date"),
        ];
        for (key, _, owner) in keys.into_iter().filter(|(_, written, owner)| *written && *owner != word) {
            let message = format!("`{key}` belongs to `{owner}`, not to `{word}`");
            let mut finding = Finding::new(codes::BAD_AUTOMATION, &format!("/on/{key}"), message);
            finding.key = true;
            finding.found = Some(key.to_owned());
            report.error(&self.loaded.at, finding);
        }
    }

    fn record(&self, on: &TriggerDocument, object: &DraftObject, report: &mut Report) -> Option<Trigger> {
        let mut acts: Vec<RecordAct> = Vec::new();
        for act in on.record.as_ref()?.all() {
            let act = RecordAct::from(*act);
            if !acts.contains(&act) {
                acts.push(act);
            }
        }
        if acts.is_empty() {
            self.bad("/on/record", "Which acts set it off is not said", "create, update or delete", report);
        }
        let mut fields = Vec::new();
        for (index, name) in on.fields.iter().flatten().enumerate() {
            match object.fields.get(name.as_str()) {
                Some(drafted) => fields.push(drafted.field.name.clone()),
                None => object.unknown_field(name, &self.at(&format!("/on/fields/{index}")), report),
            }
        }
        if on.fields.is_some() && !acts.contains(&RecordAct::Update) {
            self.bad("/on/fields", "Fields change in an update only", "\"record\": \"update\"", report);
        }
        Some(Trigger::Record { acts, fields })
    }

    fn transition(
        &self,
        on: &TransitionTrigger,
        object: &DraftObject,
        report: &mut Report,
    ) -> Option<Trigger> {
        let of_object = || self.draft.lifecycles.values().filter(|one| one.object == object.name);
        let at = self.at("/on/transition");
        let lifecycle = match &on.lifecycle {
            Some(named) => Some(self.lifecycle(named, object, &at, report)?),
            None => None,
        };
        if of_object().next().is_none() {
            let broken = self.draft.known.broken_objects.contains(object.name.as_str());
            if !broken {
                self.bad("/on/transition", format!("`{}` has no lifecycle", object.name), "", report);
            }
            return None;
        }
        let mut stages = |doc: &Option<OneOrMany>, key: &str| -> Vec<Arc<str>> {
            let (names, is_list): (&[String], bool) = match doc {
                None => (&[], false),
                Some(OneOrMany::One(one)) => (std::slice::from_ref(one), false),
                Some(OneOrMany::Many(many)) => (many, true),
            };
            let mut found = Vec::new();
            for (index, name) in names.iter().enumerate() {
                let at = at.below(&if is_list { format!("/{key}/{index}") } else { format!("/{key}") });
                let known = |one: &&lifecycles::DraftLifecycle| one.stages.contains_key(name.as_str());
                let of = lifecycle.or_else(|| of_object().find(known)).or_else(|| of_object().next());
                found.extend(of.and_then(|of| known_stage(of, name, &at, report)));
            }
            found
        };
        let (from, to) = (stages(&on.from, "from"), stages(&on.to, "to"));
        let lifecycle = lifecycle.map(|one| one.name.clone());
        Some(Trigger::Transition { lifecycle, from, to, pass: on.pass })
    }

    fn lifecycle(
        &self,
        named: &str,
        object: &DraftObject,
        at: &At,
        report: &mut Report,
    ) -> Option<&lifecycles::DraftLifecycle> {
        let found = self.draft.lifecycles.get(bare(named)).filter(|one| one.object == object.name);
        if found.is_none() && !self.draft.broken_lifecycles.contains(bare(named)) {
            let message = format!("`{}` has no lifecycle `{named}`", object.name);
            let mut finding = Finding::new(codes::UNKNOWN_LIFECYCLE, "/lifecycle", message);
            finding.found = Some(named.to_owned());
            finding.hint = lifecycles::meant(bare(named), self.draft);
            report.error(at, finding);
        }
        found
    }

    fn message(&self, name: &str, report: &mut Report) -> Option<Trigger> {
        let legal = !name.is_empty() && name.len() <= 100 && !name.contains(char::is_control);
        if !legal {
            self.bad("/on/message", "The message has no name", "a name of up to 100 characters", report);
        }
        legal.then(|| Trigger::Message(name.to_owned()))
    }

    fn schedule(
        &self,
        on: &TriggerDocument,
        object: Option<&DraftObject>,
        report: &mut Report,
    ) -> Option<Trigger> {
        let cron = on.schedule.as_deref()?;
        let mut sound = true;
        if let Err(why) = is_cron(cron) {
            let message = format!("`{cron}` is no schedule: {why}");
            let mut finding = Finding::new(codes::BAD_SCHEDULE, "/on/schedule", message);
            finding.expected =
                Some("minute, hour, day of month, month, day of week, such as 0 8 * * 1-5".to_owned());
            finding.found = Some(cron.to_owned());
            report.error(&self.loaded.at, finding);
            sound = false;
        }
        let zone = on.time_zone.as_deref().map(str::parse::<Tz>).transpose();
        if zone.is_err() {
            let named = on.time_zone.as_deref().unwrap_or_default();
            let message = format!("`{named}` is not the name of a time zone");
            let mut finding = Finding::new(codes::BAD_SCHEDULE, "/on/timeZone", message);
            finding.expected = Some("a name of the IANA database, such as Asia/Shanghai".to_owned());
            finding.found = Some(named.to_owned());
            finding.hint = did_you_mean(named, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()))
                .map(|meant| format!("did you mean `{meant}`?"));
            report.error(&self.loaded.at, finding);
            sound = false;
        }
        let each = match (&on.each, object) {
            (Some(each), Some(object)) => {
                let scope = DraftScope::new(self.draft, self.packages, &self.loaded.package);
                let json = serde_json::Value::Object(each.clone());
                let read = filter(&json, &scope, &object.name, &self.at("/on/each"), report);
                sound &= read.is_ok();
                // A filter that says nothing selects every record.
                read.ok().map(|read| read.unwrap_or_else(everything))
            }
            _ => None,
        };
        let zone = zone.ok().flatten();
        sound.then(|| Trigger::Schedule { cron: cron.to_owned(), zone, each })
    }
}

fn everything() -> Expr {
    Expr::condition(expr::Node::Literal(expr::Value::Bool(true)))
}

/// Whether the text is a cron expression of five fields.
fn is_cron(text: &str) -> Result<(), String> {
    let fields = text.split_whitespace().count();
    if fields != 5 {
        return Err(format!("it has {fields} fields, not five"));
    }
    text.parse::<croner::Cron>().map(|_| ()).map_err(|error| error.to_string())
}
