//! All scripts of a catalog, compiled: which functions there are, what they want, and running them.

mod check;
mod compile;
mod entry;
mod failure;
mod run;
mod texts;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use expr::Value;
use indexmap::IndexMap;
use rhai::{AST, Engine};

use crate::budget::Spent;
use crate::data::Data;
use crate::error::{Place, Problem, Severity};
use crate::view::View;

/// A script as a package brings it.
#[derive(Clone, Debug)]
pub struct Source {
    /// The package that sees it.
    pub package: String,
    /// Its module: what stands before `::`.
    pub module: String,
    /// `scripts/lead.rhai`
    pub file: String,
    /// What it says.
    pub text: Arc<str>,
    /// What its functions see as `settings`.
    pub settings: IndexMap<String, Value>,
}

/// Which function: of which module, seen by which package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path<'a> {
    /// The package.
    pub package: &'a str,
    /// The module.
    pub module: &'a str,
    /// The function.
    pub function: &'a str,
}

/// What is known of a function before it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Its parameters, in order.
    pub parameters: Vec<String>,
    /// Whether it asks the platform, itself or through functions that it calls.
    pub effectful: bool,
    /// Where its body begins.
    pub place: Place,
}

/// What a function is named for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It judges: a guard.
    Guard,
    /// It acts: `then`, a job.
    Handler,
}

/// Why a function cannot be what it is named for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong.
    pub message: String,
    /// What there is.
    pub expected: Option<String>,
    /// What to do.
    pub hint: Option<String>,
}

/// What a guard says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not.
    Refused {
        /// What the person is told, where the script says it.
        text: Option<String>,
        /// Where in the script, as far as it can be told.
        place: Place,
    },
}

/// What a handler did beside what it asked its host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ran {
    /// Fields of `record` that it assigned, in order.
    pub changed: Vec<Changed>,
    /// What it gave back.
    pub returned: Option<Data>,
    /// Lines that it logged.
    pub log: Vec<String>,
}

/// An assignment to `record`.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    /// The field.
    pub field: String,
    /// Its value.
    pub value: Data,
    /// Where it was assigned.
    pub place: Place,
}

/// All scripts of a catalog.
#[derive(Default)]
pub struct Library {
    packages: HashMap<String, Package>,
}

/// The modules that a package sees, and the interpreters that know them.
struct Package {
    modules: IndexMap<String, Arc<Module>>,
    pure: Engine,
    effectful: Engine,
}

/// One script.
struct Module {
    file: String,
    ast: AST,
    /// Whether constants and imports stand outside of its functions.
    preamble: bool,
    settings: Arc<dyn View>,
    functions: IndexMap<String, Function>,
    /// Texts that stand in it, with the line, to find out where a refusal was said.
    texts: Vec<(String, Place)>,
}

struct Function {
    signature: Signature,
    /// The first loop in it: where a run away was most likely.
    looped: Option<Place>,
    judged: Meter,
}

/// What a function has cost as a guard; handlers are noted by whoever runs them.
#[derive(Debug, Default)]
struct Meter {
    runs: AtomicU64,
    operations: AtomicU64,
    micros: AtomicU64,
}

impl Meter {
    fn add(&self, before: &Spent, after: &Spent) {
        let micros = after.time.saturating_sub(before.time).as_micros();
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.operations.fetch_add(after.operations.saturating_sub(before.operations), Ordering::Relaxed);
        self.micros.fetch_add(u64::try_from(micros).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// What a guard has cost since its script was compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// `lead::readyForSales`
    pub function: String,
    /// How often it was asked.
    pub runs: u64,
    /// Steps of the interpreter.
    pub operations: u64,
    /// Microseconds.
    pub micros: u64,
}

impl Library {
    /// Compiles scripts. All findings are told; with an error among them there is no library.
    pub fn compile(sources: &[Source]) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let mut problems = Vec::new();
        let mut packages: IndexMap<&str, Vec<&Source>> = IndexMap::new();
        for source in sources {
            packages.entry(&source.package).or_default().push(source);
        }
        let packages = packages
            .into_iter()
            .map(|(name, sources)| (name.to_owned(), compile::package(&sources, &mut problems)))
            .collect();
        let failed = problems.iter().any(|problem| problem.severity == Severity::Error);
        if failed { Err(problems) } else { Ok((Self { packages }, problems)) }
    }

    /// What is known of a function.
    pub fn has(&self, path: Path<'_>) -> Option<&Signature> {
        self.module(path)?.functions.get(path.function).map(|function| &function.signature)
    }

    /// Whether there is any script.
    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
    }

    /// What each function has cost as a guard; those that were never asked are left out.
    pub fn judged(&self) -> Vec<Judged> {
        let mut all = Vec::new();
        for (name, module) in self.packages.values().flat_map(|package| &package.modules) {
            for (function, known) in &module.functions {
                let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
                let Meter { runs, operations, micros } = &known.judged;
                let judged = Judged {
                    function: format!("{name}::{function}"),
                    runs: read(runs),
                    operations: read(operations),
                    micros: read(micros),
                };
                all.extend((judged.runs > 0).then_some(judged));
            }
        }
        all
    }

    fn module(&self, path: Path<'_>) -> Option<&Module> {
        self.packages.get(path.package)?.modules.get(path.module).map(|module| &**module)
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let modules = |package: &Package| package.modules.keys().cloned().collect::<Vec<_>>();
        f.debug_map().entries(self.packages.iter().map(|(name, package)| (name, modules(package)))).finish()
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.module, self.function)
    }
}
