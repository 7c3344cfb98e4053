//! From text to modules: parse, look over, link.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use indexmap::IndexMap;
use rhai::module_resolvers::StaticModuleResolver;
use rhai::{AST, ASTFlags, Engine, Expr, ParseError, ParseErrorType, Scope, Stmt};

use super::{Function, Meter, Module, Package, Signature, Source, check, texts};
use crate::budget::{Budget, Limits};
use crate::error::{Place, Problem, Severity};
use crate::frame::Frame;
use crate::profile::{self, Kind, SOURCE, place_of};
use crate::view::Fixed;

/// Compiles what a package sees.
pub(super) fn package(sources: &[&Source], problems: &mut Vec<Problem>) -> Package {
    let mut pure = profile::engine(Kind::Pure);
    let mut effectful = profile::engine(Kind::Effectful);
    let mut parsed: Vec<(&Source, AST)> = Vec::new();
    // The parser wants to know the names of all modules; what is in them follows.
    for source in sources {
        effectful.register_static_module(source.module.as_str(), Arc::default());
    }
    for source in sources {
        match parse(&effectful, source, sources) {
            Ok(ast) => parsed.push((source, ast)),
            Err(problem) => problems.push(problem),
        }
    }
    let asking = check::asking(&parsed);
    let mut modules = IndexMap::new();
    for (source, ast) in &parsed {
        check::top_level(source, ast, problems);
        check::calls(source, ast, &parsed, &effectful, problems);
        let module = module(source, ast.clone(), &asking);
        modules.insert(source.module.clone(), Arc::new(module));
    }
    if !problems.iter().any(|problem| problem.severity == Severity::Error) {
        link(&mut pure, &parsed, problems);
        link(&mut effectful, &parsed, problems);
    }
    Package { modules, pure, effectful }
}

fn parse(engine: &Engine, source: &Source, all: &[&Source]) -> Result<AST, Problem> {
    if source.text.len() > SOURCE {
        return Err(Problem {
            severity: Severity::Error,
            package: source.package.clone(),
            place: Place { file: source.file.clone(), line: None, column: None },
            message: format!("the script has {} bytes; at most {SOURCE} are allowed", source.text.len()),
            hint: Some("split it into several scripts".to_owned()),
        });
    }
    let mut ast = engine.compile(&*source.text).map_err(|error| misspelt(source, all, &error))?;
    ast.set_source(source.file.as_str());
    Ok(ast)
}

fn misspelt(source: &Source, all: &[&Source], error: &ParseError) -> Problem {
    if let ParseErrorType::ModuleUndefined(name) = error.err_type() {
        let hint = expr::did_you_mean(name, all.iter().map(|source| source.module.as_str()));
        let message = format!("there is no script or plugin `{name}`");
        return Problem { hint, ..check::problem(source, error.position(), message) };
    }
    let message = error.err_type().to_string();
    let hint = if message.contains("eval") {
        Some("`eval` is not available".to_owned())
    } else if message.contains("Undefined variable") || message.contains("Variable not found") {
        Some(
            "functions see their parameters and the constants of their script as `global::NAME` only"
                .to_owned(),
        )
    } else if message.contains("object map literal") {
        Some("`in` is a word of the language: in a map it is written `\"in\"`".to_owned())
    } else {
        None
    };
    Problem {
        severity: Severity::Error,
        package: source.package.clone(),
        place: place_of(&source.file, error.position()),
        message,
        hint,
    }
}

fn module(source: &Source, ast: AST, asking: &HashSet<(String, String)>) -> Module {
    let bodies = check::bodies(&ast);
    let mut functions = IndexMap::new();
    for function in ast.iter_functions() {
        let body = bodies.get(function.name);
        let begins = body.map_or(rhai::Position::NONE, |body| body.begins);
        functions.insert(
            function.name.to_owned(),
            Function {
                signature: Signature {
                    parameters: function.params.iter().map(|name| (*name).to_owned()).collect(),
                    effectful: asking.contains(&(source.module.clone(), function.name.to_owned())),
                    place: place_of(&source.file, begins),
                },
                looped: body.and_then(|body| body.looped).map(|at| place_of(&source.file, at)),
                judged: Meter::default(),
            },
        );
    }
    let texts = texts::collect(&ast, &source.file);
    let settings = Fixed::settings(source.settings.iter().map(|(name, value)| (name.clone(), value.clone())));
    let preamble = !ast.statements().is_empty();
    Module { file: source.file.clone(), ast, preamble, settings: Arc::new(settings), functions, texts }
}

/// Makes the modules of a package known to an interpreter: as `lead::…`, and to `import "lead" as …`.
fn link(engine: &mut Engine, parsed: &[(&Source, AST)], problems: &mut Vec<Problem>) {
    let budget = Arc::new(Budget::new(Limits::for_records(1), Arc::new(|| std::time::Duration::ZERO)));
    let moment = expr::Moment { now: chrono::DateTime::UNIX_EPOCH, zone: chrono_tz::UTC };
    let mut made: HashMap<&str, Arc<rhai::Module>> = HashMap::new();
    // Scripts may import each other in any order, but not in a circle.
    let mut open: Vec<&(&Source, AST)> = parsed.iter().collect();
    while !open.is_empty() {
        let before = open.len();
        open.retain(|(source, ast)| {
            if check::imports(ast).iter().any(|name| {
                parsed.iter().any(|(s, _)| s.module == *name) && !made.contains_key(name.as_str())
            }) {
                return true;
            }
            let frame = Frame::new(&budget, None, moment, &source.file);
            match frame.within(|| rhai::Module::eval_ast_as_new(Scope::new(), ast, engine)) {
                Ok(mut module) => {
                    module.set_id(source.file.as_str());
                    made.insert(&source.module, Arc::new(module));
                    engine.set_module_resolver(resolver(&made));
                }
                Err(error) => problems.push(check::problem(
                    source,
                    error.unwrap_inner().position(),
                    super::failure::message(&error),
                )),
            }
            false
        });
        if open.len() == before {
            for (source, _) in open {
                problems.push(check::problem(
                    source,
                    rhai::Position::NONE,
                    "scripts import each other in a circle".to_owned(),
                ));
            }
            break;
        }
    }
    for (name, module) in &made {
        engine.register_static_module(*name, Arc::clone(module));
    }
}

fn resolver(made: &HashMap<&str, Arc<rhai::Module>>) -> StaticModuleResolver {
    let mut resolver = StaticModuleResolver::new();
    for (name, module) in made {
        resolver.insert(*name, (**module).clone());
    }
    resolver
}

/// Whether a statement may stand outside of functions.
pub(super) fn may_stand_outside(statement: &Stmt) -> bool {
    match statement {
        Stmt::Noop(_) => true,
        Stmt::Var(_, flags, _) => flags.contains(ASTFlags::CONSTANT),
        Stmt::Import(named, _) => matches!(named.0, Expr::StringConstant(..)),
        _ => false,
    }
}
