//! What a path of names leads to.

use std::sync::Arc;

use super::Checker;
use crate::problem::{Problem, code, did_you_mean};
use crate::scope::Member;
use crate::tree::{Expr, FieldPath, Node, Root, Span};
use crate::types::Type;

/// The end of a path.
pub enum Target {
    /// A value, with its choices.
    Value(Type, Option<Arc<[Arc<str>]>>),
    /// A composite as a whole.
    Parts(Vec<(Arc<str>, Type)>),
    /// A record of the object.
    Record(Arc<str>),
    /// A record of one of the objects.
    OneOf(Vec<Arc<str>>),
    /// Records of the object.
    Many(Arc<str>),
}

/// The names that a path may begin with.
const ROOTS: [&str; 4] = ["record", "old", "user", "settings"];

impl Checker<'_> {
    /// Follows a written path; what is wrong with it is noted.
    pub fn resolve(&mut self, steps: &[(String, Span)]) -> Option<(FieldPath, Target)> {
        let ((root_name, root_span), names) = steps.split_first()?;
        let root = match root_name.as_str() {
            "record" => Root::Record,
            "old" if self.related => {
                self.note(Problem::new(
                    code::UNKNOWN_NAME,
                    *root_span,
                    "`old` is not known of related records",
                ));
                return None;
            }
            "old" => Root::Old,
            "user" => Root::User,
            "settings" => return self.setting(names, *root_span),
            other => {
                self.note(self.unknown_root(other, *root_span));
                return None;
            }
        };
        let object: Arc<str> = if root == Root::User { Arc::from("user") } else { Arc::clone(&self.object) };
        let mut target = Target::Record(object);
        let mut path = FieldPath { root, steps: Vec::with_capacity(names.len()) };
        let mut before = root_name.as_str();
        for (name, span) in names {
            match self.step(target, before, name, *span) {
                Ok(next) => target = next,
                Err(problem) => {
                    self.note(*problem);
                    return None;
                }
            }
            path.steps.push(Arc::from(name.as_str()));
            before = name;
        }
        Some((path, target))
    }

    fn setting(&mut self, names: &[(String, Span)], root: Span) -> Option<(FieldPath, Target)> {
        let [(name, span)] = names else {
            self.note(Problem::new(
                code::UNKNOWN_NAME,
                root,
                "`settings` is followed by the name of one setting",
            ));
            return None;
        };
        let Some(ty) = self.scope.setting(name) else {
            self.note(
                Problem::new(code::UNKNOWN_NAME, *span, format!("the package has no setting `{name}`"))
                    .found(name),
            );
            return None;
        };
        Some((
            FieldPath { root: Root::Settings, steps: vec![Arc::from(name.as_str())] },
            Target::Value(ty, None),
        ))
    }

    fn unknown_root(&self, name: &str, span: Span) -> Problem {
        let is_field = self.scope.member(&self.object, name).is_some();
        let hint = if is_field {
            Some(format!("write `record.{name}`"))
        } else {
            did_you_mean(name, ROOTS).or_else(|| {
                (name.chars().all(char::is_alphabetic)).then(|| format!("texts have quotes: `\"{name}\"`"))
            })
        };
        Problem::new(code::UNKNOWN_NAME, span, format!("`{name}` is not known here"))
            .expected("`record`, `old`, `user` or `settings`")
            .found(name)
            .hint(hint)
    }

    /// One step on from a target.
    fn step(&self, from: Target, before: &str, name: &str, span: Span) -> Result<Target, Box<Problem>> {
        let fault = |message: String| Box::new(Problem::new(code::UNKNOWN_NAME, span, message).found(name));
        match from {
            Target::Record(object) => {
                if let Some(member) = self.scope.member(&object, name) {
                    Ok(Target::from(member))
                } else {
                    let legal = self.scope.members(&object);
                    let hint = did_you_mean(name, legal.iter().map(AsRef::as_ref));
                    Err(Box::new(fault(format!("`{object}` has no field `{name}`")).hint(hint)))
                }
            }
            Target::Parts(parts) => {
                if let Some((_, ty)) = parts.iter().find(|(part, _)| &**part == name) {
                    Ok(Target::Value(ty.clone(), None))
                } else {
                    let legal = parts.iter().map(|(part, _)| &**part);
                    let hint = did_you_mean(name, legal.clone());
                    let problem = *fault(format!("`{before}` has no part `{name}`"));
                    Err(Box::new(problem.expected(listed(legal)).hint(hint)))
                }
            }
            Target::OneOf(objects) => {
                if let Some(object) = objects.iter().find(|object| &***object == name) {
                    Ok(Target::Record(Arc::clone(object)))
                } else {
                    let legal = objects.iter().map(AsRef::as_ref);
                    let hint = did_you_mean(name, legal.clone());
                    let problem =
                        *fault(format!("`{before}` may point at several objects; name one of them first"));
                    Err(Box::new(problem.expected(listed(legal)).hint(hint)))
                }
            }
            Target::Many(_) => Err(Box::new(fault(format!("`{before}` leads to many records")).hint(Some(
                format!("ask with `some({before}, record.{name} …)`, `every`, `none` or `count`"),
            )))),
            Target::Value(ty, _) => Err(fault(format!("`{before}` is of type {ty} and has no `{name}`"))),
        }
    }

    /// A path used as a value.
    pub fn path_value(&mut self, steps: &[(String, Span)], span: Span) -> Option<Expr> {
        let (mut path, target) = self.resolve(steps)?;
        let last = steps.last().map_or("", |(name, _)| name.as_str());
        let ty = match target {
            Target::Value(ty, _) => ty,
            // A root itself: the user, or the record.
            Target::Record(object) if path.steps.is_empty() => {
                path.steps.push(Arc::from("id"));
                Type::Record(object)
            }
            Target::Record(object) => Type::Record(object),
            Target::Parts(parts) => {
                let legal = listed(parts.iter().map(|(part, _)| &**part));
                self.note(
                    Problem::new(code::TYPE, span, format!("`{last}` has parts; name one of them"))
                        .expected(legal),
                );
                return None;
            }
            Target::OneOf(objects) => {
                let legal = listed(objects.iter().map(AsRef::as_ref));
                self.note(
                    Problem::new(
                        code::TYPE,
                        span,
                        format!("`{last}` may point at several objects; name one of them"),
                    )
                    .expected(legal)
                    .hint(Some("or compare it with null".to_owned())),
                );
                return None;
            }
            Target::Many(_) => {
                self.note(
                    Problem::new(code::TYPE, span, format!("`{last}` leads to many records"))
                        .hint(Some(format!("ask with `count({last})`, `some`, `every` or `none`"))),
                );
                return None;
            }
        };
        Some(Expr { node: Node::Field(path), ty, span })
    }

    /// Whether a path leads to nothing: for composites, that all parts are null.
    pub fn path_is_null(&mut self, steps: &[(String, Span)], span: Span) -> Option<Expr> {
        let (path, target) = self.resolve(steps)?;
        let field = |path: FieldPath, ty: Type| Expr { node: Node::Field(path), ty, span };
        let is_null = |of: Expr| Expr { node: Node::IsNull(Box::new(of)), ty: Type::Bool, span };
        match target {
            Target::Parts(parts) => {
                let tests =
                    parts.into_iter().map(|(part, ty)| is_null(field(path.clone().then(part), ty))).collect();
                Some(Expr { node: Node::And(tests), ty: Type::Bool, span })
            }
            Target::OneOf(_) => Some(is_null(field(path, Type::Id))),
            Target::Value(..) | Target::Record(_) | Target::Many(_) => {
                self.path_value(steps, span).map(is_null)
            }
        }
    }

    /// The choices of the field that the expression names, if it names one.
    pub fn choices(&self, expr: &Expr) -> Option<Arc<[Arc<str>]>> {
        let Node::Field(path) = &expr.node else { return None };
        let object: Arc<str> = match path.root {
            Root::Record | Root::Old => Arc::clone(&self.object),
            Root::User => Arc::from("user"),
            Root::Settings => return None,
        };
        let mut target = Target::Record(object);
        for step in &path.steps {
            target = self.step(target, "", step, Span::default()).ok()?;
        }
        if let Target::Value(_, choices) = target { choices } else { None }
    }
}

impl From<Member> for Target {
    fn from(member: Member) -> Self {
        match member {
            Member::Value { ty, choices } => Target::Value(ty, choices),
            Member::Parts(parts) => Target::Parts(parts),
            Member::One(object) => Target::Record(object),
            Member::OneOf(objects) => Target::OneOf(objects),
            Member::Many(object) => Target::Many(object),
        }
    }
}

/// Names in a row, for "expected".
pub fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
