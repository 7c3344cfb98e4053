//! The tests of packages: whether what they name is there. They are carried out elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::draft::{Draft, checked_name};
use super::load::{Documents, Loaded, Typed};
use super::report::{At, Report};
use crate::catalog::Package;
use crate::codes;
use crate::diagnostic::Finding;
use crate::document::{PackageTest, TestAct, TestCase, TestRecord, TestStep};
use crate::hint::did_you_mean;
use crate::json::escape;
use crate::name::Name;

/// All tests with the files they stand in, in the order of packages and names.
pub fn tests(
    documents: &Documents,
    draft: &Draft,
    packages: &IndexMap<String, Package>,
    report: &mut Report,
) -> Vec<(String, PackageTest)> {
    let mut all: Vec<(&Loaded, &PackageTest)> = documents
        .all
        .iter()
        .filter_map(|loaded| match &loaded.typed {
            Typed::Test(doc) => Some((loaded, &**doc)),
            _ => None,
        })
        .collect();
    all.sort_by_key(|(loaded, doc)| (packages.get_index_of(&loaded.package), &doc.name));
    let mut names: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut tests = Vec::new();
    for (loaded, doc) in all {
        checked_name(&doc.name, &loaded.at, "/name", report);
        if !names.insert((&loaded.package, &doc.name)) {
            let message = format!("The package has another test `{}`", doc.name);
            report.error(&loaded.at, Finding::new(codes::DUPLICATE_NAME, "/name", message));
        }
        Reading { loaded, doc, draft }.check(report);
        let path = report.source(loaded.at.file).map(|source| source.path.clone()).unwrap_or_default();
        tests.push((path, doc.clone()));
    }
    tests
}

struct Reading<'a> {
    loaded: &'a Loaded,
    doc: &'a PackageTest,
    draft: &'a Draft,
}

/// Records of a test: what it calls them, and their objects as far as they are known.
type Records<'a> = BTreeMap<&'a str, &'a str>;

impl<'a> Reading<'a> {
    fn check(&self, report: &mut Report) {
        let top = &self.loaded.at;
        moment(self.doc.at.as_deref(), &top.below("/at"), report);
        for (name, user) in &self.doc.users {
            for (index, role) in user.roles.iter().enumerate() {
                let at = top.below(&format!("/users/{}/roles/{index}", escape(name)));
                super::roles::known_role(role, self.draft, &at, report);
            }
            self.data("user", &user.data, &top.below(&format!("/users/{}/data", escape(name))), report);
        }
        let mut records = Records::new();
        self.given(&self.doc.given, &mut records, top, report);
        if self.doc.cases.is_empty() && !self.loaded.lacks("/cases") {
            report.error(top, Finding::new(codes::BAD_TEST, "/cases", "The test has no cases"));
        }
        let mut names = BTreeSet::new();
        for (index, case) in self.doc.cases.iter().enumerate() {
            let at = self.loaded.item("/cases", index);
            if !names.insert(case.name.as_str()) {
                let message = format!("The test has another case `{}`", case.name);
                report.error(&at, Finding::new(codes::DUPLICATE_NAME, "/name", message));
            }
            self.case(case, records.clone(), &at, report);
        }
    }

    fn case(&self, case: &'a TestCase, mut records: Records<'a>, at: &At, report: &mut Report) {
        moment(case.at.as_deref(), &at.below("/at"), report);
        self.user(case.user.as_deref(), &at.below("/as"), report);
        self.given(&case.given, &mut records, at, report);
        if case.when.is_empty() {
            report.error(at, Finding::new(codes::BAD_TEST, "/when", "The case does nothing"));
        }
        for (index, step) in case.when.iter().enumerate() {
            self.step(step, &mut records, &at.below(&format!("/when/{index}")), report);
        }
        for (name, fields) in &case.expect.records {
            let at = at.below(&format!("/expect/records/{}", escape(name)));
            if let Some(object) = self.record(name, &records, &at, report) {
                self.data(object, fields, &at, report);
            }
        }
    }

    fn step(&self, step: &'a TestStep, records: &mut Records<'a>, at: &At, report: &mut Report) {
        self.user(step.user.as_deref(), &at.below("/as"), report);
        let data = at.below("/data");
        match step.act() {
            None => {
                let message = "What the step does is not clear";
                let mut finding = Finding::new(codes::BAD_TEST, "", message);
                finding.expected = Some(format!(
                    "one of {}; `move` with `to`, `wait` with a length of time",
                    TestStep::WORDS.join(", ")
                ));
                report.error(at, finding);
            }
            Some(TestAct::Create { name, object, data: given }) => {
                self.object(object, &at.below("/create"), report);
                self.step_data(object, given, &data, report);
                records.extend(name.map(|name| (name, object)));
            }
            Some(TestAct::Update { record, data: given }) => {
                if let Some(object) = self.record(record, records, &at.below("/update"), report) {
                    self.step_data(object, given, &data, report);
                }
            }
            Some(TestAct::Move { record, to, data: given, .. }) => {
                if let Some(object) = self.record(record, records, &at.below("/move"), report) {
                    self.step_data(object, given, &data, report);
                    self.stage(object, to, &at.below("/to"), report);
                }
            }
            Some(TestAct::Delete { record }) => {
                self.record(record, records, &at.below("/delete"), report);
            }
            Some(TestAct::Claim { record }) => {
                self.record(record, records, &at.below("/claim"), report);
            }
            Some(TestAct::Get { record }) => {
                self.record(record, records, &at.below("/get"), report);
            }
            Some(TestAct::Find { object, .. }) => {
                self.object(object, &at.below("/find"), report);
            }
            Some(TestAct::Wait { .. }) => {}
        }
    }

    fn step_data(&self, object: &str, data: Option<&Map<String, Value>>, at: &At, report: &mut Report) {
        if let Some(data) = data {
            self.data(object, data, at, report);
        }
    }

    fn given(
        &self,
        given: &'a IndexMap<String, TestRecord>,
        records: &mut Records<'a>,
        at: &At,
        report: &mut Report,
    ) {
        for (name, record) in given {
            let at = at.below(&format!("/given/{}", escape(name)));
            self.object(&record.object, &at.below("/object"), report);
            self.data(&record.object, &record.data, &at.below("/data"), report);
            records.insert(name, &record.object);
        }
    }

    /// Fields of a record, by name alone: whether the values do is found when the test runs.
    fn data(&self, object: &str, data: &Map<String, Value>, at: &At, report: &mut Report) {
        let Some(object) = self.draft.objects.get(object) else { return };
        for name in data.keys().filter(|name| !object.fields.contains_key(name.as_str())) {
            let mut finding =
                Finding::new(codes::UNKNOWN_FIELD, "", format!("`{}` has no field `{name}`", object.name));
            if object.open || object.broken.contains(name) {
                continue;
            }
            finding.key = true;
            finding.found = Some(name.clone());
            finding.hint = did_you_mean(name, object.fields.keys().map(Name::as_str))
                .map(|meant| format!("did you mean `{meant}`?"));
            report.error(&at.below(&format!("/{}", escape(name))), finding);
        }
    }

    fn object(&self, name: &str, at: &At, report: &mut Report) {
        if self.draft.objects.contains_key(name) || self.draft.known.broken_objects.contains(name) {
            return;
        }
        let mut finding = Finding::new(codes::UNKNOWN_OBJECT, "", format!("There is no object `{name}`"));
        finding.found = Some(name.to_owned());
        finding.hint = did_you_mean(name, self.draft.objects.keys().map(Name::as_str))
            .map(|meant| format!("did you mean `{meant}`?"));
        report.error(at, finding);
    }

    /// The object of a record of the test; a user's is `user`.
    fn record<'r>(&self, name: &str, records: &Records<'r>, at: &At, report: &mut Report) -> Option<&'r str> {
        if let Some(object) = records.get(name) {
            return Some(object);
        }
        if self.doc.users.contains_key(name) {
            return Some("user");
        }
        let message = format!("The test has no record `{name}`");
        let mut finding = Finding::new(codes::BAD_TEST, "", message);
        finding.expected = Some(records.keys().copied().collect::<Vec<_>>().join(", "));
        finding.found = Some(name.to_owned());
        finding.hint =
            did_you_mean(name, records.keys().copied()).map(|meant| format!("did you mean `{meant}`?"));
        report.error(at, finding);
        None
    }

    fn stage(&self, object: &str, stage: &str, at: &At, report: &mut Report) {
        let of_object = || self.draft.lifecycles.values().filter(|one| &*one.object == object);
        if of_object().any(|one| one.stages.contains_key(stage)) {
            return;
        }
        if let Some(first) = of_object().next() {
            super::lifecycles::known_stage(first, stage, at, report);
        }
    }

    fn user(&self, name: Option<&str>, at: &At, report: &mut Report) {
        let Some(name) = name.filter(|name| !self.doc.users.contains_key(*name)) else { return };
        let message = format!("The test has no user `{name}`");
        let mut finding = Finding::new(codes::BAD_TEST, "", message);
        let known = || self.doc.users.keys().map(String::as_str);
        finding.expected = Some(known().collect::<Vec<_>>().join(", "));
        finding.found = Some(name.to_owned());
        finding.hint = did_you_mean(name, known()).map(|meant| format!("did you mean `{meant}`?"));
        report.error(at, finding);
    }
}

/// An instant.
fn moment(text: Option<&str>, at: &At, report: &mut Report) {
    let Some(text) = text else { return };
    if chrono::DateTime::parse_from_rfc3339(text).is_err() {
        let mut finding = Finding::new(codes::BAD_TEST, "", format!("`{text}` is no instant"));
        finding.expected = Some("an instant such as 2026-03-02T09:00:00Z".to_owned());
        finding.found = Some(text.to_owned());
        report.error(at, finding);
    }
}
