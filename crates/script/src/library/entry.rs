//! Whether a function can be what a document names it for, and what it does with fields of its record.

use std::sync::Arc;

use expr::{Member, Scope, Type};
use rhai::{AST, ASTNode, BinaryExpr, Expr, FnCallExpr, Position, Stmt};

use super::check::{only, unknown_parameter};
use super::{Entry, Library, Mistake, Module, Path};
use crate::error::{Problem, Severity};
use crate::profile::place_of;
use crate::scene::PARAMETERS;

impl Library {
    /// Looks at a function in the light of what names it: whether it is there, what its parameters are called, whether a guard only judges;
    /// and where `about` says whose records it sees, whether their fields are there and are compared with values of their kind.
    pub fn check_entry(
        &self,
        path: Path<'_>,
        entry: Entry,
        about: Option<(&dyn Scope, &str)>,
    ) -> Result<Vec<Problem>, Mistake> {
        let module = self.named(path)?;
        let Some(function) = module.functions.get(path.function) else {
            let names = module.functions.keys().map(String::as_str);
            return Err(Mistake {
                message: format!("`{}` has no function `{}`", module.file, path.function),
                expected: Some(module.functions.keys().cloned().collect::<Vec<_>>().join(", ")),
                hint: expr::did_you_mean(path.function, names),
            });
        };
        let signature = &function.signature;
        let found = |message: String, hint: Option<String>| Problem {
            severity: Severity::Error,
            package: path.package.to_owned(),
            place: signature.place.clone(),
            message,
            hint,
        };
        let mut problems = Vec::new();
        for name in &signature.parameters {
            if !PARAMETERS.iter().any(|(known, _)| known == name) {
                let hint = expr::did_you_mean(name, PARAMETERS.iter().map(|(name, _)| *name));
                problems.push(found(unknown_parameter(name), hint));
            }
        }
        if entry == Entry::Guard && signature.effectful {
            let message = format!("`{path}` is a guard, but it asks the platform; a guard only judges");
            problems.push(found(
                message,
                Some("count or read by a roll-up or a formula of the record".to_owned()),
            ));
        }
        if let Some((scope, object)) = about {
            let ast = only(&module.ast, path.function);
            let sees =
                |root: &str| signature.parameters.iter().any(|name| name == root) && !redefined(&ast, root);
            let roots: Vec<&str> = ["record", "old"].into_iter().filter(|root| sees(root)).collect();
            let mut fields =
                Fields { scope, object, roots, module, package: path.package, problems: Vec::new() };
            fields.look(&ast);
            problems.append(&mut fields.problems);
        }
        Ok(problems)
    }

    fn named(&self, path: Path<'_>) -> Result<&Module, Mistake> {
        let package = self.packages.get(path.package);
        let modules: Vec<&str> =
            package.map(|package| package.modules.keys().map(String::as_str).collect()).unwrap_or_default();
        package.and_then(|package| package.modules.get(path.module)).map(|module| &**module).ok_or_else(
            || Mistake {
                message: format!("there is no script or plugin `{}`", path.module),
                expected: Some(if modules.is_empty() {
                    "a file in `scripts/`".to_owned()
                } else {
                    modules.join(", ")
                }),
                hint: expr::did_you_mean(path.module, modules.iter().copied()).or_else(|| {
                    Some(format!(
                        "make `scripts/{}.rhai`, or declare the plugin in `package.json`",
                        path.module
                    ))
                }),
            },
        )
    }
}

fn redefined(ast: &AST, name: &str) -> bool {
    let mut found = false;
    ast.walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Stmt(Stmt::Var(variable, _, _))) = path.last() {
            found |= variable.0.name == name;
        }
        !found
    });
    found
}

/// Looks for fields of the record.
struct Fields<'a> {
    scope: &'a dyn Scope,
    object: &'a str,
    roots: Vec<&'a str>,
    module: &'a Module,
    package: &'a str,
    problems: Vec<Problem>,
}

/// What is known of a part of the script.
#[derive(Clone)]
struct Known {
    ty: Type,
    choices: Option<Arc<[Arc<str>]>>,
}

impl Fields<'_> {
    fn look(&mut self, ast: &AST) {
        ast.walk(&mut |path: &[ASTNode]| {
            match path.last() {
                Some(ASTNode::Expr(Expr::FnCall(call, at)) | ASTNode::Stmt(Stmt::FnCall(call, at))) => {
                    self.comparison(call, *at);
                }
                Some(ASTNode::Expr(expr)) => self.step(expr),
                _ => {}
            }
            true
        });
    }

    fn note(&mut self, severity: Severity, position: Position, message: String, hint: Option<String>) {
        let place = place_of(&self.module.file, position);
        self.problems.push(Problem { severity, package: self.package.to_owned(), place, message, hint });
    }

    /// `record.a.b`: each name has to be there.
    fn step(&mut self, expr: &Expr) {
        let Some(steps) = self.path(expr) else { return };
        let mut object: Arc<str> = self.object.into();
        for (name, position) in &steps {
            match self.scope.member(&object, name) {
                None => {
                    let names = self.scope.members(&object);
                    let hint = expr::did_you_mean(name, names.iter().map(|name| &**name));
                    self.note(Severity::Error, *position, format!("`{object}` has no field `{name}`"), hint);
                    return;
                }
                Some(Member::One(target)) => object = target,
                Some(Member::Many(target)) => {
                    let hint =
                        format!("use `find(\"{target}\", …)` or `count(\"{target}\", …)`, or a roll-up");
                    self.note(
                        Severity::Error,
                        *position,
                        format!("`{name}` is a list of records, which a script cannot read"),
                        Some(hint),
                    );
                    return;
                }
                Some(Member::Value { .. } | Member::Parts(_) | Member::OneOf(_)) => return,
            }
        }
    }

    /// The names behind `record` or `old`, if that is what the expression reads.
    fn path(&self, expr: &Expr) -> Option<Vec<(String, Position)>> {
        let Expr::Dot(pair, _, _) = expr else { return None };
        let Expr::Variable(variable, _, _) = &pair.lhs else { return None };
        self.roots.iter().any(|root| *root == variable.1.as_str()).then(|| {
            let mut out = Vec::new();
            follow(&pair.rhs, &mut out);
            out
        })
    }

    fn known(&self, expr: &Expr) -> Option<Known> {
        let plain = |ty| Some(Known { ty, choices: None });
        match expr {
            Expr::IntegerConstant(..) => plain(Type::Int),
            Expr::StringConstant(..) | Expr::InterpolatedString(..) => plain(Type::Text),
            Expr::BoolConstant(..) => plain(Type::Bool),
            Expr::DynamicConstant(value, _) if value.is_decimal() => plain(Type::Decimal),
            _ => {
                let steps = self.path(expr)?;
                let mut object: Arc<str> = self.object.into();
                for (name, _) in steps {
                    match self.scope.member(&object, &name)? {
                        Member::One(target) => object = target,
                        Member::Value { ty, choices } => return Some(Known { ty, choices }),
                        Member::Parts(_) | Member::OneOf(_) | Member::Many(_) => return None,
                    }
                }
                None
            }
        }
    }

    /// A comparison of unlike values is an error when it runs, or never true.
    fn comparison(&mut self, call: &FnCallExpr, position: Position) {
        let compares = matches!(call.name.as_str(), "==" | "!=" | "<" | "<=" | ">" | ">=");
        let [a, b] = &call.args[..] else { return };
        if !compares || call.op_token.is_none() {
            return;
        }
        let (Some(left), Some(right)) = (self.known(a), self.known(b)) else { return };
        if !alike(&left.ty, &right.ty) {
            let message = format!("a {} is compared with a {}", left.ty, right.ty);
            self.note(
                Severity::Warning,
                position,
                message,
                Some("they are never equal, and cannot be ordered".to_owned()),
            );
        }
        for (known, literal) in [(&left, b), (&right, a)] {
            if let (Some(choices), Expr::StringConstant(text, at)) = (&known.choices, literal)
                && !choices.iter().any(|choice| **choice == **text)
            {
                let hint = expr::did_you_mean(text, choices.iter().map(|choice| &**choice));
                self.note(Severity::Warning, *at, format!("`{text}` is none of the field's values"), hint);
            }
        }
    }
}

fn follow(expr: &Expr, out: &mut Vec<(String, Position)>) {
    match expr {
        Expr::Property(property, position) => out.push((property.2.to_string(), *position)),
        Expr::Dot(pair, _, _) => {
            let BinaryExpr { lhs, rhs } = &**pair;
            if matches!(lhs, Expr::Property(..)) {
                follow(lhs, out);
                follow(rhs, out);
            }
        }
        _ => {}
    }
}

/// Whether values of these types can be equal.
fn alike(a: &Type, b: &Type) -> bool {
    let read = |ty: &Type| {
        matches!(
            ty,
            Type::Date
                | Type::DateTime
                | Type::Time
                | Type::Duration
                | Type::Id
                | Type::Json
                | Type::Record(_)
                | Type::List(_)
                | Type::Null
        )
    };
    a == b || (a.is_numeric() && b.is_numeric()) || read(a) || read(b)
}
