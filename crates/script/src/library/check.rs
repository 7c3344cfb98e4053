//! What can be said of scripts before they run: calls of what is not there, guards that ask, what may stand outside of functions.

use std::collections::{HashMap, HashSet};

use rhai::{AST, ASTNode, Engine, Expr, FnCallExpr, Position, Stmt};

use super::Source;
use super::compile::may_stand_outside;
use crate::error::{Problem, Severity};
use crate::functions::ASKING;
use crate::profile::place_of;
use crate::scene::PARAMETERS;

/// What belongs to the language itself.
const WORDS: [&str; 9] =
    ["Fn", "call", "curry", "print", "debug", "type_of", "is_def_fn", "is_def_var", "is_shared"];
/// Functions of the host that lists and maps have too: they ask when an object is named.
const SHARED_WITH_LISTS: [&str; 3] = ["find", "get", "count"];

/// Where a function's body lies.
pub(super) struct Body {
    pub(super) begins: Position,
    pub(super) looped: Option<Position>,
}

/// One call in a script.
struct Call {
    module: Option<String>,
    name: String,
    arguments: usize,
    method: bool,
    asks: bool,
    position: Position,
}

/// A finding in a script.
pub(super) fn problem(source: &Source, position: Position, message: String) -> Problem {
    Problem {
        severity: Severity::Error,
        package: source.package.clone(),
        place: place_of(&source.file, position),
        message,
        hint: None,
    }
}

/// The script with nothing but one of its functions.
pub(super) fn only(ast: &AST, function: &str) -> AST {
    // Cloning with a filter keeps everything (rhai 1.27).
    let mut only = ast.clone_functions_only();
    only.retain_functions(|_, _, name, _| name == function);
    only
}

/// The bodies of all functions by name.
pub(super) fn bodies(ast: &AST) -> HashMap<String, Body> {
    ast.iter_functions()
        .map(|function| {
            let mut body = Body { begins: Position::NONE, looped: None };
            only(ast, function.name).walk(&mut |path: &[ASTNode]| {
                if let Some(ASTNode::Stmt(statement)) = path.last() {
                    if body.begins.is_none() {
                        body.begins = statement.position();
                    }
                    if body.looped.is_none()
                        && matches!(statement, Stmt::While(..) | Stmt::Do(..) | Stmt::For(..))
                    {
                        body.looped = Some(statement.position());
                    }
                } else if let Some(ASTNode::Expr(expr)) = path.last()
                    && body.begins.is_none()
                {
                    body.begins = expr.start_position();
                }
                true
            });
            (function.name.to_owned(), body)
        })
        .collect()
}

/// Only constants and imports stand outside of functions.
pub(super) fn top_level(source: &Source, ast: &AST, problems: &mut Vec<Problem>) {
    for statement in ast.statements().iter().filter(|statement| !may_stand_outside(statement)) {
        let message =
            "outside of functions only `const` and `import \"module\" as name` may stand".to_owned();
        problems.push(Problem {
            hint: Some("put it into a function".to_owned()),
            ..problem(source, statement.position(), message)
        });
    }
}

/// The modules that a script imports.
pub(super) fn imports(ast: &AST) -> Vec<String> {
    let named = |statement: &Stmt| match statement {
        Stmt::Import(import, _) => match &import.0 {
            Expr::StringConstant(name, _) => Some(name.to_string()),
            _ => None,
        },
        _ => None,
    };
    ast.statements().iter().filter_map(named).collect()
}

/// Calls of functions that are not there.
pub(super) fn calls(
    source: &Source,
    ast: &AST,
    parsed: &[(&Source, AST)],
    engine: &Engine,
    problems: &mut Vec<Problem>,
) {
    let native = native(engine);
    let own = functions(ast);
    let aliases = aliases(ast);
    for call in all_calls(ast) {
        let found = match &call.module {
            Some(alias) => {
                let module = aliases.get(alias).unwrap_or(alias);
                let Some((_, other)) = parsed.iter().find(|(source, _)| source.module == *module) else {
                    let modules = parsed.iter().map(|(source, _)| source.module.as_str());
                    let hint = expr::did_you_mean(module, modules);
                    let message = format!("there is no script or plugin `{module}`");
                    problems.push(Problem { hint, ..problem(source, call.position, message) });
                    continue;
                };
                missing(&call, &functions(other), &HashMap::new())
            }
            None => missing(&call, &own, &native),
        };
        if let Some((message, hint)) = found {
            let severity = if call.method { Severity::Warning } else { Severity::Error };
            problems.push(Problem { severity, hint, ..problem(source, call.position, message) });
        }
    }
}

type Known = HashMap<String, HashSet<usize>>;

/// What is wrong with a call, if anything.
fn missing(call: &Call, script: &Known, native: &Known) -> Option<(String, Option<String>)> {
    let arguments = call.arguments + usize::from(call.method);
    let fits =
        |known: &Known, count: usize| known.get(&call.name).is_some_and(|counts| counts.contains(&count));
    if fits(script, call.arguments) || fits(native, arguments) || WORDS.contains(&call.name.as_str()) {
        return None;
    }
    let counts: Vec<usize> =
        [script, native].into_iter().filter_map(|known| known.get(&call.name)).flatten().copied().collect();
    if counts.is_empty() {
        let names = script.keys().chain(native.keys()).map(String::as_str);
        return Some((
            format!("there is no function `{}`", call.name),
            expr::did_you_mean(&call.name, names),
        ));
    }
    let mut counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
    counts.sort();
    counts.dedup();
    let message = format!("`{}` takes {} arguments, not {arguments}", call.name, counts.join(" or "));
    Some((message, None))
}

fn functions(ast: &AST) -> Known {
    let mut out = Known::new();
    for function in ast.iter_functions() {
        out.entry(function.name.to_owned()).or_default().insert(function.params.len());
    }
    out
}

/// The interpreter's functions by name, with their numbers of arguments.
fn native(engine: &Engine) -> Known {
    let mut out = Known::new();
    for signature in engine.gen_fn_signatures(true) {
        let Some((name, rest)) = signature.split_once('(') else { continue };
        let name = name.trim_start_matches("get ").trim_start_matches("set ").trim();
        let parameters = rest.rsplit_once(')').map_or(rest, |(parameters, _)| parameters);
        let parameters = parameters.split(") ->").next().unwrap_or(parameters);
        out.entry(name.to_owned()).or_default().insert(count(parameters));
    }
    out
}

/// How many parameters are written there; generic types hold commas of their own.
fn count(parameters: &str) -> usize {
    if parameters.trim().is_empty() {
        return 0;
    }
    let mut depth = 0_i32;
    let mut commas = 0;
    for letter in parameters.chars() {
        match letter {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth -= 1,
            ',' if depth == 0 => commas += 1,
            _ => {}
        }
    }
    commas + 1
}

fn aliases(ast: &AST) -> HashMap<String, String> {
    let named = |statement: &Stmt| match statement {
        Stmt::Import(import, _) => match &import.0 {
            Expr::StringConstant(name, _) => Some((import.1.name.to_string(), name.to_string())),
            _ => None,
        },
        _ => None,
    };
    ast.statements().iter().filter_map(named).collect()
}

fn all_calls(ast: &AST) -> Vec<Call> {
    let mut out = Vec::new();
    ast.walk(&mut |path: &[ASTNode]| {
        match path.last() {
            Some(
                ASTNode::Expr(Expr::FnCall(call, position)) | ASTNode::Stmt(Stmt::FnCall(call, position)),
            ) => {
                out.extend(one_call(call, *position, false));
            }
            Some(ASTNode::Expr(Expr::MethodCall(call, position))) => {
                out.extend(one_call(call, *position, true));
            }
            _ => {}
        }
        true
    });
    out
}

fn one_call(call: &FnCallExpr, position: Position, method: bool) -> Option<Call> {
    if call.op_token.is_some() || call.name.contains('$') {
        return None;
    }
    let name = call.name.to_string();
    let host = ASKING.iter().any(|(asking, _, _)| *asking == name);
    let object = matches!(call.args.first(), Some(Expr::StringConstant(..)));
    let shared = SHARED_WITH_LISTS.contains(&name.as_str());
    let asks = host && if shared { !method && object } else { true };
    let module = call.namespace.path.first().map(|first| first.name.to_string());
    let asks = asks && module.is_none();
    Some(Call { module, name, arguments: call.args.len(), method, asks, position })
}

/// A module and a function.
type Named = (String, String);

/// The functions that ask the host, themselves or through others.
pub(super) fn asking(parsed: &[(&Source, AST)]) -> HashSet<Named> {
    let mut calls: Vec<(Named, Vec<Named>)> = Vec::new();
    let mut asking = HashSet::new();
    for (source, ast) in parsed {
        let aliases = aliases(ast);
        for function in ast.iter_functions() {
            let this = (source.module.clone(), function.name.to_owned());
            let mut named = Vec::new();
            for call in all_calls(&only(ast, function.name)) {
                if call.asks && !functions(ast).contains_key(&call.name) {
                    asking.insert(this.clone());
                }
                let module = call.module.map_or_else(
                    || source.module.clone(),
                    |alias| aliases.get(&alias).cloned().unwrap_or(alias),
                );
                named.push((module, call.name));
            }
            calls.push((this, named));
        }
    }
    loop {
        let more: Vec<_> = calls
            .iter()
            .filter(|(this, named)| !asking.contains(this) && named.iter().any(|call| asking.contains(call)))
            .map(|(this, _)| this.clone())
            .collect();
        if more.is_empty() {
            return asking;
        }
        asking.extend(more);
    }
}

/// What is told of a parameter that no argument has the name of.
pub(super) fn unknown_parameter(name: &str) -> String {
    let names: Vec<&str> = PARAMETERS.iter().map(|(name, _)| *name).collect();
    format!("`{name}` is no argument; there are {}", names.join(", "))
}
