//! Calls: functions of the table by signature, and the forms that become nodes of their own.

use std::sync::Arc;

use super::coerce::try_coerce;
use super::path::{Target, listed};
use super::{Checker, bool_expr, literal};
use crate::evaluate::Period;
use crate::function::{FORMS, FUNCTIONS, Function, FunctionSpec};
use crate::problem::{Problem, code, did_you_mean};
use crate::syntax::{Ast, Kind};
use crate::tree::{BinaryOp, Expr, FieldPath, ListOp, Node, Quantifier, Span, TextOp};
use crate::types::Type;
use crate::value::Value;

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        name: &str,
        name_span: Span,
        arguments: Vec<Ast>,
        span: Span,
    ) -> Option<Expr> {
        if let Some(ty) = literal_type(name)
            && let [Ast { kind: Kind::Text(text), span: at, .. }] = arguments.as_slice()
        {
            return self.literal(&ty, text, *at).map(|expr| Expr { span, ..expr });
        }
        if let Some(op) = text_op(name) {
            return self.text_match(op, name, arguments, span);
        }
        match name {
            "has" => self.list_test(ListOp::Has, name, arguments, span),
            "hasAny" => self.list_test(ListOp::HasAny, name, arguments, span),
            "hasAll" => self.list_test(ListOp::HasAll, name, arguments, span),
            "isEmpty" => self.list_test(ListOp::IsEmpty, name, arguments, span),
            "some" => self.quantified(Some(Quantifier::Some), name, arguments, span),
            "every" => self.quantified(Some(Quantifier::Every), name, arguments, span),
            "none" => self.quantified(Some(Quantifier::None), name, arguments, span),
            "count" => self.quantified(None, name, arguments, span),
            "differs" => {
                let [a, b] = self.exactly(name, arguments, span)?;
                let (a, b) = (self.expr(a), self.expr(b));
                self.comparison(BinaryOp::Different, a?, b?, span)
            }
            _ => {
                if let Some(function) = Function::named(name) {
                    self.function(function, arguments, span)
                } else {
                    self.unknown_function(name, name_span);
                    for argument in arguments {
                        drop(self.expr(argument));
                    }
                    None
                }
            }
        }
    }

    fn unknown_function(&mut self, name: &str, span: Span) {
        if literal_type(name).is_some() {
            self.note(
                Problem::new(code::TYPE, span, format!("`{name}` takes one text, written out"))
                    .expected(form(name).unwrap_or_default()),
            );
            return;
        }
        let names = FUNCTIONS.iter().map(|spec| spec.name).chain(FORMS.iter().map(|(name, _, _)| *name));
        let hint = did_you_mean(name, names);
        self.note(
            Problem::new(code::UNKNOWN_FUNCTION, span, format!("there is no function `{name}`"))
                .found(name)
                .hint(hint),
        );
    }

    /// So many arguments, or a problem noted.
    fn exactly<const N: usize>(&mut self, name: &str, arguments: Vec<Ast>, span: Span) -> Option<[Ast; N]> {
        let found = arguments.len();
        let exact = arguments.try_into().ok();
        if exact.is_none() {
            self.note(
                Problem::new(code::TYPE, span, format!("`{name}` takes {N} arguments, found {found}"))
                    .expected(form(name).unwrap_or_default()),
            );
        }
        exact
    }

    fn function(&mut self, function: Function, arguments: Vec<Ast>, span: Span) -> Option<Expr> {
        let spec = function.spec();
        let checked: Vec<Option<Expr>> = arguments.into_iter().map(|argument| self.expr(argument)).collect();
        let checked: Vec<Expr> = checked.into_iter().collect::<Option<_>>()?;
        if function == Function::IsBlank
            && let [list @ Expr { ty: Type::List(_), .. }] = checked.as_slice()
        {
            let node = Node::ListTest(ListOp::IsEmpty, Box::new(list.clone()), None);
            return Some(bool_expr(node, span));
        }
        if let [same] = checked.as_slice()
            && matches!(
                (function, &same.ty),
                (Function::Int, Type::Int)
                    | (Function::Decimal, Type::Decimal)
                    | (Function::Float, Type::Float)
                    | (Function::Text, Type::Text)
                    | (Function::Date, Type::Date)
            )
        {
            return Some(Expr { span, ..same.clone() });
        }
        let Some((mut arguments, ty)) = matching(spec, &checked) else {
            let found = checked.iter().map(|expr| expr.ty.to_string()).collect::<Vec<_>>().join(", ");
            let problem = Problem::new(code::TYPE, span, format!("`{}` does not take ({found})", spec.name));
            self.note(problem.expected(signatures(spec)).found(found));
            return None;
        };
        self.literal_arguments(function, &mut arguments, span)?;
        Some(Expr { node: Node::Call(function, arguments), ty, span })
    }

    /// Arguments that must be written out: the digits of `round`, the period of `dateFrom` and its kin.
    fn literal_arguments(&mut self, function: Function, arguments: &mut Vec<Expr>, span: Span) -> Option<()> {
        match function {
            Function::Round => {
                if arguments.len() == 1 {
                    arguments.push(literal(Value::Int(0), Type::Int, span));
                }
                let legal =
                    matches!(arguments.get(1).map(|e| &e.node), Some(Node::Literal(Value::Int(0..=6))));
                if !legal {
                    self.note(
                        Problem::new(code::VALUE, span, "the digits of `round` are written out, 0 to 6")
                            .expected("`round(x)` or `round(x, 2)`"),
                    );
                    return None;
                }
            }
            Function::DateFrom | Function::DateTo | Function::InstantFrom | Function::InstantTo => {
                let argument = arguments.first_mut()?;
                let Node::Literal(Value::Text(text)) = &mut argument.node else {
                    self.note(
                        Problem::new(code::VALUE, argument.span, "the period is written out")
                            .expected(Period::FORMS),
                    );
                    return None;
                };
                let Some(period) = Period::parse(text) else {
                    self.note(
                        Problem::new(code::VALUE, argument.span, format!("`{text}` is not a period"))
                            .expected(Period::FORMS)
                            .found(text.as_str()),
                    );
                    return None;
                };
                *text = period.to_string();
            }
            _ => {}
        }
        Some(())
    }

    fn text_match(&mut self, op: TextOp, name: &str, arguments: Vec<Ast>, span: Span) -> Option<Expr> {
        let [subject, pattern] = self.exactly(name, arguments, span)?;
        let (subject, pattern) = (self.expr(subject), self.expr(pattern));
        let (subject, pattern) = (self.coerce(subject?, &Type::Text), self.coerce(pattern?, &Type::Text));
        let (subject, pattern) = (subject?, pattern?);
        if matches!(op, TextOp::Like | TextOp::ILike) {
            let Node::Literal(Value::Text(text)) = &pattern.node else {
                self.note(
                    Problem::new(code::TYPE, pattern.span, format!("the pattern of `{name}` is written out"))
                        .hint(Some(
                            "use `contains`, `startsWith` or `endsWith` with computed text".to_owned(),
                        )),
                );
                return None;
            };
            if !is_pattern(text) {
                self.note(Problem::new(code::VALUE, pattern.span, "the pattern ends in a lone `\\`"));
                return None;
            }
        }
        Some(bool_expr(Node::Text(op, Box::new(subject), Box::new(pattern)), span))
    }

    fn list_test(&mut self, op: ListOp, name: &str, arguments: Vec<Ast>, span: Span) -> Option<Expr> {
        let (list, operand) = if op == ListOp::IsEmpty {
            let [list] = self.exactly(name, arguments, span)?;
            (list, None)
        } else {
            let [list, operand] = self.exactly(name, arguments, span)?;
            (list, Some(operand))
        };
        let list = self.expr(list)?;
        let Type::List(of) = list.ty.clone() else {
            self.note(
                Problem::new(code::TYPE, list.span, format!("expected a list, found {}", list.ty))
                    .expected("a field that is a list")
                    .found(list.ty.to_string()),
            );
            return None;
        };
        let operand = match (op, operand) {
            (ListOp::Has, Some(operand)) => {
                let operand = self.expr(operand)?;
                self.check_choice(&list, &operand);
                Some(Box::new(self.coerce(operand, &of)?))
            }
            (_, Some(operand)) => Some(Box::new(self.list_of(&list, &of, operand)?)),
            (_, None) => None,
        };
        Some(bool_expr(Node::ListTest(op, Box::new(list), operand), span))
    }

    /// `some`, `every`, `none`, and `count` where there is no quantifier.
    fn quantified(
        &mut self,
        quantifier: Option<Quantifier>,
        name: &str,
        mut arguments: Vec<Ast>,
        span: Span,
    ) -> Option<Expr> {
        let condition = if arguments.len() == 2 { arguments.pop() } else { None };
        let [relation] = self.exactly(name, arguments, span)?;
        let (relation, object) = self.many_target(relation)?;
        let condition = match condition {
            None => None,
            Some(ast) => {
                let outer =
                    (std::mem::replace(&mut self.object, object), std::mem::replace(&mut self.related, true));
                let checked = self.condition(ast);
                (self.object, self.related) = outer;
                Some(Box::new(checked?))
            }
        };
        Some(match quantifier {
            Some(quantifier) => bool_expr(Node::Exists { quantifier, relation, condition }, span),
            None => Expr { node: Node::Count { relation, condition }, ty: Type::Int, span },
        })
    }

    fn many_target(&mut self, ast: Ast) -> Option<(FieldPath, Arc<str>)> {
        let span = ast.span;
        let Kind::Path(steps) = ast.kind else {
            self.note(Problem::new(code::TYPE, span, "expected a to-many relation, such as `record.tasks`"));
            return None;
        };
        let (path, target) = self.resolve(&steps)?;
        if let Target::Many(object) = target {
            return Some((path, object));
        }
        self.note(Problem::new(code::TYPE, span, "this is not a to-many relation"));
        None
    }
}

/// The first signature whose types the arguments have or go over to: exact ones first.
fn matching(spec: &FunctionSpec, arguments: &[Expr]) -> Option<(Vec<Expr>, Type)> {
    let fits = |params: &[Type]| {
        arguments.len() == params.len()
            || (spec.variadic
                && arguments.len() >= params.len()
                && arguments.len() <= Function::MOST_ARGUMENTS)
    };
    let coerced = |params: &[Type]| -> Option<Vec<Expr>> {
        arguments
            .iter()
            .enumerate()
            .map(|(at, argument)| try_coerce(argument.clone(), params.get(at).or(params.last())?))
            .collect()
    };
    spec.signatures
        .iter()
        .filter(|signature| fits(signature.params))
        .find_map(|signature| Some((coerced(signature.params)?, signature.returns.clone())))
}

fn signatures(spec: &FunctionSpec) -> String {
    let written = spec.signatures.iter().map(|signature| {
        let types = signature.params.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let more = if spec.variadic { ", …" } else { "" };
        format!("{}({types}{more})", spec.name)
    });
    listed(written.collect::<Vec<_>>().iter().map(String::as_str))
}

/// Whether a `like` pattern is well-formed: no lone escape at its end.
pub fn is_pattern(text: &str) -> bool {
    text.chars().rev().take_while(|c| *c == '\\').count() % 2 == 0
}

fn form(name: &str) -> Option<&'static str> {
    FORMS.iter().find(|(form, _, _)| *form == name).map(|(_, written, _)| *written)
}

/// The type whose literals the form writes out.
fn literal_type(name: &str) -> Option<Type> {
    Some(match name {
        "date" => Type::Date,
        "dateTime" => Type::DateTime,
        "time" => Type::Time,
        "duration" => Type::Duration,
        "id" => Type::Id,
        _ => return None,
    })
}

fn text_op(name: &str) -> Option<TextOp> {
    Some(match name {
        "like" => TextOp::Like,
        "ilike" => TextOp::ILike,
        "contains" => TextOp::Contains,
        "startsWith" => TextOp::StartsWith,
        "endsWith" => TextOp::EndsWith,
        _ => return None,
    })
}
